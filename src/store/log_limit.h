// Keeps a fault that repeats from filling the log: one line in ten seconds.
#pragma once

#include <atomic>

#include "base/scheduler.h"

namespace kck {

class LogLimit {
 public:
  // True where a line may be written now. Any thread; of those that ask at once, one gets it.
  bool Due(TimePoint now) {
    constexpr Duration kQuiet = std::chrono::seconds(10);
    Duration::rep quiet_until = quiet_until_;
    if (now.time_since_epoch().count() < quiet_until) return false;
    return quiet_until_.compare_exchange_strong(quiet_until, (now + kQuiet).time_since_epoch().count());
  }

 private:
  std::atomic<Duration::rep> quiet_until_{TimePoint::min().time_since_epoch().count()};
};

}  // namespace kck
