// Counts entries that were met damaged in a store, and says so in the log, as often as LogLimit lets it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/log_limit.h"
#include "base/scheduler.h"

namespace kck {

// How long a store keeps quiet about a fault that it has told: a broken disk meets every read and write.
inline constexpr Duration kFaultQuiet = std::chrono::seconds(10);

// Any thread.
class DamageLog {
 public:
  DamageLog(std::string folder, const Scheduler& scheduler) : folder_(std::move(folder)), scheduler_(scheduler) {}

  // Counts one entry. `why` goes to the log; the key does not, since it holds parameter values.
  void Note(std::string_view why);

  std::uint64_t count() const { return count_; }

 private:
  const std::string folder_;
  const Scheduler& scheduler_;
  std::atomic<std::uint64_t> count_{0};
  LogLimit limit_{kFaultQuiet};
};

}  // namespace kck
