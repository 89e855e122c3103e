#include "process/ticks.h"

#include <algorithm>
#include <deque>

namespace kck {
namespace {

// What Schedule::NextAfter makes of no jitter at all: it spreads `every` to both sides, and `cron` to later times.
constexpr double kMiddle = 0.5;
constexpr double kFirst = 0;

constexpr std::int64_t kMinuteMs = 60000;

Ticks EveryBetween(std::int64_t every, std::int64_t from, std::int64_t until, std::size_t count_max) {
  Ticks ticks;
  const std::int64_t passed = std::max<std::int64_t>(0, (until - from) / every);
  const std::int64_t first = std::max<std::int64_t>(1, passed - static_cast<std::int64_t>(count_max) + 1);
  for (std::int64_t i = first; i <= passed; ++i) ticks.at.push_back(from + i * every);
  ticks.more = first > 1;
  return ticks;
}

// All of them in order, of which the last are kept.
Ticks WalkCron(const Cron& cron, std::int64_t from, std::int64_t until, std::size_t count_max) {
  Ticks ticks;
  std::deque<std::int64_t> last;
  for (auto at = cron.NextAfter(from); at && *at <= until; at = cron.NextAfter(*at)) {
    last.push_back(*at);
    if (last.size() <= count_max) continue;
    last.pop_front();
    ticks.more = true;
  }
  ticks.at.assign(last.begin(), last.end());
  return ticks;
}

// Looks back in windows that double, until one holds enough: a year has half a million minutes.
Ticks CronBetween(const Cron& cron, std::int64_t from, std::int64_t until, std::size_t count_max) {
  for (std::int64_t window = static_cast<std::int64_t>(count_max) * kMinuteMs;; window *= 2) {
    const std::int64_t begin = std::max(from, until - window);
    Ticks ticks = WalkCron(cron, begin, until, count_max);
    if (ticks.more || begin == from) return ticks;
  }
}

}  // namespace

std::optional<Tick> NextTick(const Schedule& schedule, std::int64_t unix_ms, double random) {
  const auto at = schedule.NextAfter(unix_ms, schedule.every ? kMiddle : kFirst);
  const auto begins = schedule.NextAfter(unix_ms, random);
  return at && begins ? std::optional(Tick{*at, *begins}) : std::nullopt;
}

Ticks TicksBetween(const Schedule& schedule, std::int64_t from, std::int64_t until, std::size_t count_max) {
  if (until <= from) return {};
  if (schedule.every) return EveryBetween(schedule.every->count(), from, until, count_max);
  return CronBetween(*schedule.cron, from, until, count_max);
}

}  // namespace kck
