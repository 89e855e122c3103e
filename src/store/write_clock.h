// The times that a node's writes bear in a store that nodes share.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/scheduler.h"

namespace kck {

// Microseconds of the wall clock, each after every one given before. Any thread.
class WriteClock {
 public:
  explicit WriteClock(const Scheduler& scheduler) : scheduler_(scheduler) {}

  std::int64_t Next();

  // What is given from now on is after `seen_us` too, unless that is so far ahead that somebody made it up.
  void Raise(std::int64_t seen_us);

 private:
  const Scheduler& scheduler_;
  std::atomic<std::int64_t> last_us_{0};
};

}  // namespace kck
