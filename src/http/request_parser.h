// Reading requests off a connection's bytes, however they are cut.
//
// For one thread. The syntax is Beast's; what is refused beyond it, so that no proxy in front can see other borders
// between requests than KCK does: a second Content-Length, Content-Length beside Transfer-Encoding, transfer codings
// other than chunked, HTTP/1.1 without exactly one Host.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "http/request.h"

namespace kck {

inline constexpr std::size_t kHeaderBytesMax = std::size_t{64} << 10U;

// Why the connection's bytes are no request that KCK can read. It must be closed after the answer.
struct ProtocolFault {
  int status = 400;
  std::string message;
};

class RequestParser {
 public:
  enum class State { kNeedsMore, kComplete, kFault };
  struct Progress {
    std::size_t consumed;  // bytes of the input that need not be shown again
    State state;
  };

  // Fills `request`, which outlives this: whole after kComplete, until Reset().
  RequestParser(Request& request, std::size_t body_bytes_max);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Reads on. `input` begins with the bytes that the call before left unconsumed. After kComplete and kFault, Reset()
  // comes first.
  Progress Put(std::string_view input);

  // Makes ready for the next request.
  void Reset();

  const ProtocolFault& fault() const { return fault_; }

  // True where a part of a request has been consumed.
  bool begun() const;

  // True once a request, where the client waits for "100 Continue" before it sends the body.
  bool TakeContinue();

 private:
  class Parser;
  struct Slot;

  Progress Refuse(std::size_t consumed, int status, std::string message);
  Progress RefuseSyntax(std::size_t consumed, std::string_view rest, int error);

  Request& request_;
  const std::size_t body_bytes_max_;
  ProtocolFault fault_;
  std::size_t header_bytes_ = 0;
  std::unique_ptr<Slot> slot_;  // holds the Parser of the present request in place
};

}  // namespace kck
