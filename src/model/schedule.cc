#include "model/schedule.h"

#include <algorithm>
#include <cmath>

#include "model/cron_fields.h"
#include "model/time_zone.h"

namespace kck {
namespace {

using std::chrono::local_seconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

// From one 29 February to the next there are eight years at the most, around a century.
constexpr std::chrono::days kSearched{8 * 365 + 2};
constexpr double kCronSpreadMsMax = 60000;

}  // namespace

struct Cron::Impl {
  CronFields fields;
  TimeZone zone;

  // The first time in `span` after `after`, and before `limit`.
  std::optional<sys_seconds> FirstIn(const TimeZone::Span& span, sys_seconds after, sys_seconds limit) const;
};

std::optional<sys_seconds> Cron::Impl::FirstIn(const TimeZone::Span& span, sys_seconds after, sys_seconds limit) const {
  const auto clock = [](sys_seconds time, seconds offset) { return local_seconds((time + offset).time_since_epoch()); };
  const sys_seconds from = std::max(after + seconds(1), span.begin);
  const sys_seconds end = std::min(limit, span.end);
  local_seconds start = clock(from, span.offset);
  if (!fields.every_hour()) {
    // What the clock would show, had it not been changed at the span's begin.
    const local_seconds unchanged = clock(span.begin, span.offset_before);
    const bool skipped = fields.First(unchanged, clock(span.begin, span.offset)).has_value();
    if (from == span.begin && skipped) return from;
    start = std::max(start, unchanged);
  }
  const auto found = fields.First(start, clock(end, span.offset));
  return found ? std::optional(sys_seconds((*found - span.offset).time_since_epoch())) : std::nullopt;
}

Cron::Cron(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Cron::~Cron() = default;

Result<std::shared_ptr<const Cron>> Cron::Parse(std::string_view expression, std::string_view time_zone) {
  const Result<CronFields> fields = CronFields::Parse(expression);
  if (!fields) return Failure(fields.error());
  const Result<TimeZone> zone = TimeZone::Find(time_zone);
  if (!zone) return Failure(zone.error());
  return std::shared_ptr<const Cron>(new Cron(std::make_unique<const Impl>(*fields, *zone)));
}

std::optional<std::int64_t> Cron::NextAfter(std::int64_t unix_ms) const {
  const auto after = std::chrono::floor<seconds>(std::chrono::sys_time<milliseconds>(milliseconds(unix_ms)));
  const sys_seconds limit = after + kSearched;
  for (sys_seconds from = after + seconds(1); from < limit;) {
    const TimeZone::Span span = impl_->zone.SpanOf(from);
    if (const auto found = impl_->FirstIn(span, after, limit)) return milliseconds(found->time_since_epoch()).count();
    from = span.end;
  }
  return std::nullopt;
}

std::optional<std::int64_t> Schedule::NextAfter(std::int64_t unix_ms, double random) const {
  if (every) return unix_ms + std::llround(static_cast<double>(every->count()) * (1 + jitter * (2 * random - 1)));
  const auto next = cron->NextAfter(unix_ms);
  if (!next) return std::nullopt;
  return *next + std::llround(random * std::min(jitter * static_cast<double>(*next - unix_ms), kCronSpreadMsMax));
}

}  // namespace kck
