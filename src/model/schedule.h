// When something is due again: each so often, or at the times of a cron expression.
//
// Immutable; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kck {

// The times of a cron expression of five fields (minute, hour, day of the month, month, day of the week) in a time
// zone. As in Vixie's cron, where both days are restricted, either does.
class Cron {
 public:
  // `time_zone` is an IANA name, as "Europe/Berlin". The error says which field is wrong, and how a right one looks.
  static Result<std::shared_ptr<const Cron>> Parse(std::string_view expression, std::string_view time_zone);
  ~Cron();

  // The first such time after `unix_ms`; nothing where there is none within eight years, as for 30 February. A time
  // that the zone's clock skips is due when the clock goes on; one that it has twice is due the first time. An
  // expression that names every hour means intervals, so it goes by what the clock shows instead, both times: else
  // */10 would pause for an hour in autumn.
  std::optional<std::int64_t> NextAfter(std::int64_t unix_ms) const;

 private:
  struct Impl;
  explicit Cron(std::unique_ptr<const Impl> impl);

  std::unique_ptr<const Impl> impl_;
};

// Exactly one of `every` and `cron` is set.
struct Schedule {
  std::optional<std::chrono::milliseconds> every;  // counted from the end of the last time
  std::shared_ptr<const Cron> cron;
  double jitter = 0.1;  // how far the due time is spread, as a part of the time until it
  std::string text;     // as written, "every 5m": for people, and to tell whether the times were changed

  // When it is due next, where it ended or began last at `unix_ms`. `random` is from 0 to 1: it spreads `every` to
  // both sides, and `cron` to later times, by at most a minute. Nothing: never.
  std::optional<std::int64_t> NextAfter(std::int64_t unix_ms, double random) const;
};

}  // namespace kck
