// Keeps a fault that repeats from filling the log: one line in a while, with the count of those held back.
#pragma once

#include <atomic>
#include <optional>
#include <string_view>

#include "base/log.h"
#include "base/scheduler.h"

namespace kck {

// Any thread.
class LogLimit {
 public:
  explicit LogLimit(Duration quiet = std::chrono::seconds(1)) : quiet_(quiet) {}

  // Warns, unless the line is held back.
  void Warn(TimePoint now, std::string_view what, std::string_view why) {
    if (const auto held = Pass(now)) LogWarning("{}: {} ({} such lines were held back)", what, why, *held);
  }

  // Nothing: the line is held back. Else how many were since the last one that was not.
  std::optional<std::size_t> Pass(TimePoint now) {
    TimePoint next = next_.load(std::memory_order_relaxed);
    if (now < next || !next_.compare_exchange_strong(next, now + quiet_)) {
      ++held_;
      return std::nullopt;
    }
    return held_.exchange(0);
  }

 private:
  const Duration quiet_;
  std::atomic<TimePoint> next_{TimePoint::min()};
  std::atomic<std::size_t> held_{0};
};

}  // namespace kck
