#include "http/time_text.h"

#include <fmt/format.h>

#include <ctime>

namespace kck {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::tm UtcOf(std::int64_t unix_seconds) {
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return utc;
}

}  // namespace

TimeText::TimeText() { Refresh(); }

void TimeText::Refresh() {
  now_ = Clock::now();
  timespec wall{};
  clock_gettime(CLOCK_REALTIME_COARSE, &wall);  // late by some milliseconds, and cheaper
  const std::int64_t seconds = wall.tv_sec;
  if (seconds == date_seconds_) return;
  date_seconds_ = seconds;
  const std::tm utc = UtcOf(seconds);
  fmt::format_to_n(date_.data(), date_.size(), "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                   kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                   kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                   utc.tm_sec);
}

const TimeText::Slot& TimeText::SlotOf(std::int64_t unix_seconds) {
  Slot& slot = slots_.at(static_cast<std::uint64_t>(unix_seconds) % kSlots);
  if (slot.unix_seconds == unix_seconds) return slot;
  slot.unix_seconds = unix_seconds;
  const std::tm utc = UtcOf(unix_seconds);
  fmt::format_to_n(slot.text.data(), slot.text.size(), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", utc.tm_year + 1900,
                   utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return slot;
}

void TimeText::AppendIso(std::string& out, std::int64_t unix_ms) {
  std::int64_t seconds = unix_ms / 1000;
  auto millis = static_cast<int>(unix_ms % 1000);
  if (millis < 0) {
    millis += 1000;
    --seconds;
  }
  const Slot& slot = SlotOf(seconds);
  out.append(slot.text.data(), slot.text.size());
  out += '.';
  out += static_cast<char>('0' + millis / 100);
  out += static_cast<char>('0' + millis / 10 % 10);
  out += static_cast<char>('0' + millis % 10);
  out += 'Z';
}

}  // namespace kck
