// The node's sequence: a number for "this began after that", strictly rising, also over restarts.
//
// Fills, marks, sets and purges each take one when they begin. No clock is asked. The store holds a number above all
// that were given; it is raised a block at a time, so that giving one costs an increment.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "base/result.h"
#include "store/store.h"

namespace kck {

class Sequence {
 public:
  // `first` is used where the store holds no number: one that an earlier, lost store has hardly reached.
  Sequence(Store& store, std::uint64_t first) : store_(store), last_(first) {}

  // Reads the store's number and reserves the first block. Nothing else before `done`.
  void Start(std::function<void(Result<void>)> done);

  std::uint64_t Next();

 private:
  void Reserve(std::uint64_t up_to, std::function<void(Result<void>)> done);

  Store& store_;
  std::atomic<std::uint64_t> last_;
  std::atomic<std::uint64_t> reserve_at_{0};  // taking this number raises the store's
};

}  // namespace kck
