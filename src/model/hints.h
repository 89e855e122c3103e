// Hints: what a refresh already knows of the change that asked for it, so that it need not ask the source.
//
// They belong to one key, from the write or prime that gave them to the next compute of that key, and to nobody else.
// Values; any thread may read them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kck {

// One JSON object, shared by all the keys that it is for.
using HintPtr = std::shared_ptr<const std::string>;

// What somebody gave as a hint. KCKBadRequest where it is no object, or longer than one may be.
Result<HintPtr> ReadHint(std::string_view json);

// Those of one key, in the order that they came.
class Hints {
 public:
  static constexpr std::size_t kCountMax = 16;
  static constexpr std::size_t kBytesMax = std::size_t{64} << 10U;  // of one key's hints together

  // Null is no hint. One that passes a bound is left out, and the hints are not complete from then on.
  void Add(const HintPtr& hint);
  void Add(const Hints& later);
  // Something is not told by a hint: a change without one came between.
  void SetIncomplete() { complete_ = false; }

  const std::vector<HintPtr>& all() const { return hints_; }
  std::size_t bytes() const { return bytes_; }
  // All that has changed since the entry was computed is told.
  bool complete() const { return complete_; }

 private:
  std::vector<HintPtr> hints_;
  std::size_t bytes_ = 0;
  bool complete_ = true;
};

}  // namespace kck
