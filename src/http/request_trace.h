// A request's name: what its answer, its lines in the log and the database call it.
//
// For one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/trace.h"
#include "http/request.h"

namespace kck {

// A valid header of W3C Trace Context, level 1, of this version or a later one.
struct TraceParent {
  std::string_view trace_id;
  bool sampled = false;
};
std::optional<TraceParent> ParseTraceparent(std::string_view header);

// 1 to 128 letters, digits and -_.:/+=@: what neither breaks a line nor ends a quoted text.
bool IsRequestId(std::string_view text);

// Gives names that no other thread or process gives: a random number, drawn once, and a count.
class RequestNames {
 public:
  RequestNames();

  // The id is the client's own, where it sent one that IsRequestId takes; else that of its trace; else a new one.
  TracePtr NameFor(const Request& request);

 private:
  std::uint64_t Next();

  const std::uint64_t random_;
  std::uint64_t count_ = 0;
};

}  // namespace kck
