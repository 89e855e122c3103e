// The five fields of a cron expression, without a time zone: which minutes of which days they name.
//
// Values; any thread.
#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace kck {

class CronFields {
 public:
  // Minute, hour, day of the month, month, day of the week: each `*`, a number, a range, `*/n` or a range with a step,
  // or a list of those; months and days of the week by name too; or one of @yearly, @monthly, @weekly, @daily, @hourly.
  // The error names the field, and how a right one looks.
  static Result<CronFields> Parse(std::string_view expression);

  // The first minute from `from` on, and before `end`.
  std::optional<std::chrono::local_seconds> First(std::chrono::local_seconds from,
                                                  std::chrono::local_seconds end) const;

  bool every_hour() const { return hours_.count() == 24; }

 private:
  using Set = std::bitset<64>;

  bool HasDay(std::chrono::local_days day) const;
  std::optional<std::chrono::minutes> FirstTime(std::chrono::minutes from) const;

  Set minutes_;
  Set hours_;
  Set days_;
  Set months_;
  Set weekdays_;             // 0: Sunday
  bool either_day_ = false;  // both kinds of days are restricted, and either does
};

}  // namespace kck
