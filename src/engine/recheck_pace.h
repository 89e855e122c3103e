// How often what memory holds is held against a store that others write to as well.
//
// As often as asked for, while the looks that this takes are within their number a second: above it the interval
// doubles, and comes back once there is room. So the store's load has a bound, however many keys are in use.
//
// Any thread.
#pragma once

#include <algorithm>
#include <atomic>

#include "base/scheduler.h"

namespace kck {

class RecheckPace {
 public:
  static constexpr int kStretchMax = 64;

  RecheckPace(Duration shortest, std::size_t looks_per_second_max)
      : shortest_(shortest), looks_per_second_max_(looks_per_second_max) {}

  // Between two looks at one key that is in use.
  Duration interval() const { return shortest_ * stretch_.load(std::memory_order_relaxed); }

  // A look begins.
  void Count(TimePoint now) {
    TimePoint began = second_began_.load(std::memory_order_relaxed);
    if (now - began >= std::chrono::seconds(1) && second_began_.compare_exchange_strong(began, now)) Turn();
    if (looks_.fetch_add(1) + 1 == looks_per_second_max_) Stretch(stretch_ * 2);
  }

 private:
  void Turn() {
    if (looks_.exchange(0) < looks_per_second_max_ / 2) Stretch(stretch_ / 2);
  }
  void Stretch(int stretch) { stretch_ = std::clamp(stretch, 1, kStretchMax); }

  const Duration shortest_;
  const std::size_t looks_per_second_max_;
  std::atomic<int> stretch_{1};
  std::atomic<std::size_t> looks_{0};  // since second_began_
  std::atomic<TimePoint> second_began_{TimePoint()};
};

}  // namespace kck
