// The one source of chance of a simulated run: a seed gives the same run again.
#pragma once

#include <cstdint>
#include <random>

#include "base/scheduler.h"

namespace kck {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // From 0 up to, and without, `count`.
  std::uint64_t Below(std::uint64_t count) { return engine_() % count; }
  bool OneIn(std::uint64_t count) { return Below(count) == 0; }
  bool Percent(std::uint64_t part) { return Below(100) < part; }

  Duration Between(Duration from, Duration to) {
    return from + Duration(static_cast<Duration::rep>(Below(static_cast<std::uint64_t>((to - from).count()) + 1)));
  }

  // How long something takes that is mostly fast: of each ten, five within half a millisecond, one up to 100 ms.
  Duration Latency() {
    using std::chrono::microseconds;
    const std::uint64_t kind = Below(10);
    if (kind < 5) return Between(microseconds(20), microseconds(500));
    if (kind < 9) return Between(microseconds(500), microseconds(5000));
    return Between(microseconds(5000), microseconds(100000));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace kck
