// How long a lightweight transaction is tried that meets others.
//
// Where transactions of several nodes meet, Cassandra ends some at once as if by a time-out, reads at a serial level
// too: it cannot say what becomes of them. The next one can.
#pragma once

#include <chrono>

#include "base/scheduler.h"

namespace kck {

// Of one of them, which begins as this is made. Not thread-safe.
class Contention {
 public:
  explicit Contention(const Scheduler& scheduler) : scheduler_(&scheduler), until_(scheduler.Now() + kFor) {}

  // Counts a try more; false: that was enough.
  bool MayTryAgain() { return ++tries_ <= kTriesMax && scheduler_->Now() < until_; }

 private:
  static constexpr std::chrono::seconds kFor{2};
  static constexpr int kTriesMax = 31;

  const Scheduler* scheduler_;
  TimePoint until_;
  int tries_ = 0;
};

}  // namespace kck
