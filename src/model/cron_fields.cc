#include "model/cron_fields.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string>
#include <vector>

namespace kck {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;

using Set = std::bitset<64>;

struct Field {
  std::string_view name;
  int least;
  int most;
  std::string_view example;
  std::string_view names;  // of three letters each, for the numbers from `least` on
};

constexpr std::array<Field, 5> kFields{{{"minute", 0, 59, "0, */10 or 15,45", ""},
                                        {"hour", 0, 23, "3, 6-22/2 or *", ""},
                                        {"day of the month", 1, 31, "1, 1,15 or *", ""},
                                        {"month", 1, 12, "1, JUN-AUG or *", "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
                                        {"day of the week", 0, 7, "1-5, SUN or *", "SUNMONTUEWEDTHUFRISAT"}}};
constexpr const Field* kWeekday = &kFields[4];

struct Macro {
  std::string_view name;
  std::string_view fields;
};

constexpr std::array<Macro, 7> kMacros{{{"@yearly", "0 0 1 1 *"},
                                        {"@annually", "0 0 1 1 *"},
                                        {"@monthly", "0 0 1 * *"},
                                        {"@weekly", "0 0 * * 0"},
                                        {"@daily", "0 0 * * *"},
                                        {"@midnight", "0 0 * * *"},
                                        {"@hourly", "0 * * * *"}}};

std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Failure Bad(const Field& field, std::string_view text, std::string_view why) {
  return Fail(ErrorCode::kBadRequest, fmt::format("{} \"{}\": {}; right is {}", field.name, text, why, field.example));
}

std::optional<int> NumberOf(std::string_view text) {
  int number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int> NameOf(const Field& field, std::string_view text) {
  std::string upper;
  for (const char c : text) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  for (std::size_t at = 0; at < field.names.size(); at += 3) {
    if (upper == field.names.substr(at, 3)) return field.least + static_cast<int>(at / 3);
  }
  return std::nullopt;
}

Result<int> ReadValue(const Field& field, std::string_view text) {
  if (const auto named = NameOf(field, text)) return *named;
  const auto number = NumberOf(text);
  if (!number) return Bad(field, text, "no number");
  if (*number < field.least || *number > field.most) {
    return Bad(field, text, fmt::format("not from {} to {}", field.least, field.most));
  }
  return *number;
}

struct Range {
  int first = 0;
  int last = 0;
  bool single = false;  // one value, which takes no step
};

Result<Range> ReadRange(const Field& field, std::string_view text) {
  if (text == "*") return Range{field.least, field.most, false};
  const std::size_t hyphen = text.find('-');
  const Result<int> first = ReadValue(field, text.substr(0, hyphen));
  if (!first) return Failure(first.error());
  if (hyphen == std::string_view::npos) return Range{*first, *first, true};
  const Result<int> last = ReadValue(field, text.substr(hyphen + 1));
  if (!last) return Failure(last.error());
  // A week may end with its Sunday, as in FRI-SUN.
  const int end = &field == kWeekday && *last == 0 && *first > 0 ? 7 : *last;
  if (*first > end) {
    return Bad(field, text,
               fmt::format("it goes backwards, which is written {}-{},{}-{}", *first,
                           &field == kWeekday ? 6 : field.most, field.least, end));
  }
  return Range{*first, end, false};
}

Result<void> AddItem(const Field& field, std::string_view item, Set& set) {
  const std::size_t slash = item.find('/');
  const Result<Range> range = ReadRange(field, item.substr(0, slash));
  if (!range) return Failure(range.error());
  int step = 1;
  if (slash != std::string_view::npos) {
    step = NumberOf(item.substr(slash + 1)).value_or(0);
    if (step < 1 || step > field.most) return Bad(field, item, fmt::format("a step is from 1 to {}", field.most));
    if (range->single) {
      return Bad(field, item, fmt::format("a step follows * or a range, as {}-{}/{}", range->first, field.most, step));
    }
  }
  for (int value = range->first; value <= range->last; value += step) set.set(static_cast<std::size_t>(value));
  return {};
}

Result<Set> ReadField(const Field& field, std::string_view text) {
  Set set;
  for (const std::string_view item : Split(text, ",")) {
    if (Result<void> added = AddItem(field, item, set); !added) return Failure(std::move(added.error()));
  }
  return set;
}

Failure BadMacro(std::string_view name) {
  return Fail(ErrorCode::kBadRequest,
              fmt::format("{} is none of @yearly, @monthly, @weekly, @daily and @hourly", name));
}

Failure BadCount(std::size_t count) {
  return Fail(ErrorCode::kBadRequest,
              fmt::format("{} field{} where five belong: minute, hour, day of the month, month, "
                          "day of the week, as in */10 6-22 * * 1-5",
                          count, count == 1 ? "" : "s"));
}

}  // namespace

Result<CronFields> CronFields::Parse(std::string_view expression) {
  std::vector<std::string_view> texts = Split(expression, " \t\n");
  std::erase(texts, "");
  if (texts.size() == 1 && texts[0].starts_with('@')) {
    const auto macro = std::ranges::find(kMacros, texts[0], &Macro::name);
    if (macro == kMacros.end()) return BadMacro(texts[0]);
    texts = Split(macro->fields, " ");
  }
  if (texts.size() != kFields.size()) return BadCount(texts.size());
  CronFields fields;
  const std::array<Set*, 5> sets{&fields.minutes_, &fields.hours_, &fields.days_, &fields.months_, &fields.weekdays_};
  for (std::size_t i = 0; i < sets.size(); ++i) {
    Result<Set> set = ReadField(kFields.at(i), texts[i]);
    if (!set) return Failure(std::move(set.error()));
    *sets.at(i) = *set;
  }
  if (fields.weekdays_.test(7)) fields.weekdays_.set(0);
  // As in Vixie's cron, where */2 is no restriction in this sense.
  fields.either_day_ = !texts[2].starts_with('*') && !texts[4].starts_with('*');
  return fields;
}

bool CronFields::HasDay(local_days day) const {
  const std::chrono::year_month_day date(day);
  if (!months_.test(static_cast<unsigned>(date.month()))) return false;
  const bool of_month = days_.test(static_cast<unsigned>(date.day()));
  const bool of_week = weekdays_.test(std::chrono::weekday(day).c_encoding());
  return either_day_ ? of_month || of_week : of_month && of_week;
}

std::optional<minutes> CronFields::FirstTime(minutes from) const {
  for (minutes time = from; time < days(1); ++time) {
    const auto minute = static_cast<std::size_t>(time.count());
    if (hours_.test(minute / 60) && minutes_.test(minute % 60)) return time;
  }
  return std::nullopt;
}

std::optional<local_seconds> CronFields::First(local_seconds from, local_seconds end) const {
  const auto first = std::chrono::ceil<minutes>(from);
  for (local_days day = floor<days>(first); day < end; day += days(1)) {
    if (!HasDay(day)) continue;
    const auto time = FirstTime(std::max(minutes(0), minutes(first - day)));
    if (time && day + *time < end) return day + *time;
  }
  return std::nullopt;
}

}  // namespace kck
