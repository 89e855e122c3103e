// The node's sequence: a number for "this began after that", strictly rising, also over restarts.
//
// Fills, marks, sets and purges each take one when they begin. No clock is asked. The store holds a number above all
// that were given; it is raised a block at a time, so that giving one costs an increment.
//
// Beside a store that others write to as well, nothing is kept there: an entry of an earlier process of this node is a
// foreign one. Numbers then begin at `first`, and go past those of every entry that is met (Lamport, "Time, clocks, and
// the ordering of events in a distributed system", 1978), so that what is computed after it is known supersedes it.
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

  // One that is above `met` as well. Where nothing is kept in the store alone.
  std::uint64_t NextAbove(std::uint64_t met);

 private:
  void Reserve(std::uint64_t up_to, std::function<void(Result<void>)> done);

  Store& store_;
  std::atomic<std::uint64_t> last_;
  std::atomic<std::uint64_t> reserve_at_{0};  // taking this number raises the store's
};

}  // namespace kck
