#include "model/param.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

namespace kck {
namespace {

struct TypeName {
  std::string_view name;
  ParamType type;
};

constexpr std::array<TypeName, 7> kTypes{{{"int", ParamType::kInt},
                                          {"float", ParamType::kFloat},
                                          {"string", ParamType::kString},
                                          {"date", ParamType::kDate},
                                          {"timestamp", ParamType::kTimestamp},
                                          {"uuid", ParamType::kUuid},
                                          {"bool", ParamType::kBool}}};

Failure Bad(std::string_view what) { return Fail(ErrorCode::kBadKey, std::string(what)); }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  Number number{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<std::string> CanonicalInt(std::string_view text) {
  const auto number = ParseNumber<std::int64_t>(text);
  if (!number) return Bad("an int is a whole number of 64 bits, as 42 or -7");
  return std::to_string(*number);
}

Result<std::string> CanonicalFloat(std::string_view text) {
  const auto number = ParseNumber<double>(text);
  if (!number || !std::isfinite(*number)) return Bad("a float is a finite number, as 1.5 or -2e10");
  std::array<char, 32> out{};
  // Zero has one spelling, though it has two signs.
  const double value = *number == 0 ? 0.0 : *number;
  return std::string(out.data(), std::to_chars(out.data(), out.data() + out.size(), value).ptr);
}

Result<std::string> CanonicalString(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return Bad("a string holds no zero byte; PostgreSQL has none either");
  if (!simdjson::validate_utf8(text.data(), text.size())) return Bad("a string is UTF-8");
  return std::string(text);
}

// Takes `digits` digits off the front of `text`.
std::optional<int> TakeDigits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!IsDigit(text[i])) return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool TakeChar(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::year_month_day> TakeDate(std::string_view& text) {
  const auto year = TakeDigits(text, 4);
  if (!year || !TakeChar(text, '-')) return std::nullopt;
  const auto month = TakeDigits(text, 2);
  if (!month || !TakeChar(text, '-')) return std::nullopt;
  const auto day = TakeDigits(text, 2);
  if (!day || *year == 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return date;
}

std::string DateText(const std::chrono::year_month_day& date) {
  return fmt::format("{:04}-{:02}-{:02}", int(date.year()), unsigned(date.month()), unsigned(date.day()));
}

Result<std::string> CanonicalDate(std::string_view text) {
  const auto date = TakeDate(text);
  if (!date || !text.empty()) return Bad("a date is a day of the calendar, as 2013-01-31");
  return DateText(*date);
}

// "", "Z", "+02", "+0200" or "+02:00": minutes east of UTC; nothing where there is no zone.
struct Zone {
  bool valid = false;
  std::optional<int> minutes;
};

Zone TakeZone(std::string_view text) {
  if (text.empty()) return {true, std::nullopt};
  if (text == "Z" || text == "z") return {true, 0};
  const bool west = text[0] == '-';
  if (!west && text[0] != '+') return {};
  text.remove_prefix(1);
  const auto hours = TakeDigits(text, 2);
  if (!hours || *hours > 15) return {};
  int minutes = 0;
  if (!text.empty()) {
    TakeChar(text, ':');
    const auto more = TakeDigits(text, 2);
    if (!more || *more > 59 || !text.empty()) return {};
    minutes = *more;
  }
  const int east = *hours * 60 + minutes;
  return {true, west ? -east : east};
}

// The digits after the point of the seconds, without closing zeros; nothing where there are none or more than six.
std::optional<std::string> TakeFraction(std::string_view& text) {
  if (!TakeChar(text, '.')) return "";
  std::string digits;
  while (!text.empty() && IsDigit(text[0])) {
    digits += text[0];
    text.remove_prefix(1);
  }
  if (digits.empty() || digits.size() > 6) return std::nullopt;
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  return digits;
}

struct Clock {
  std::chrono::seconds time{0};
  std::string fraction;  // of a second
};

std::optional<Clock> TakeClock(std::string_view& text) {
  const auto hour = TakeDigits(text, 2);
  if (!hour || *hour > 23 || !TakeChar(text, ':')) return std::nullopt;
  const auto minute = TakeDigits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  Clock clock{std::chrono::hours(*hour) + std::chrono::minutes(*minute), ""};
  if (!TakeChar(text, ':')) return clock;
  const auto second = TakeDigits(text, 2);
  if (!second || *second > 59) return std::nullopt;
  auto fraction = TakeFraction(text);
  if (!fraction) return std::nullopt;
  clock.time += std::chrono::seconds(*second);
  clock.fraction = *std::move(fraction);
  return clock;
}

Result<std::string> CanonicalTimestamp(std::string_view text) {
  const Failure bad = Bad("a timestamp is ISO 8601, as 2013-01-31T05:00:00 or 2013-01-31T05:00:00.25+02:00");
  const auto date = TakeDate(text);
  if (!date || (!TakeChar(text, 'T') && !TakeChar(text, 't') && !TakeChar(text, ' '))) return bad;
  const auto clock = TakeClock(text);
  if (!clock) return bad;
  const Zone zone = TakeZone(text);
  if (!zone.valid) return bad;

  const auto moment = std::chrono::sys_days(*date) + clock->time - std::chrono::minutes(zone.minutes.value_or(0));
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day utc_date(day);
  // In UTC it may fall out of the years that four digits spell.
  if (utc_date.year() < std::chrono::year(1) || utc_date.year() > std::chrono::year(9999)) return bad;
  const std::chrono::hh_mm_ss time(moment - day);
  std::string canonical = fmt::format("{}T{:02}:{:02}:{:02}", DateText(utc_date), time.hours().count(),
                                      time.minutes().count(), time.seconds().count());
  if (!clock->fraction.empty()) canonical += "." + clock->fraction;
  if (zone.minutes) canonical += 'Z';
  return canonical;
}

Result<std::string> CanonicalUuid(std::string_view text) {
  const Failure bad = Bad("a uuid has 32 hexadecimal digits, as 123e4567-e89b-12d3-a456-426614174000");
  std::string digits;
  for (const char c : text) {
    if (c == '-') continue;
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    if (!IsDigit(lower) && (lower < 'a' || lower > 'f')) return bad;
    digits += lower;
  }
  if (digits.size() != 32 || (text.size() != 32 && text.size() != 36)) return bad;
  for (const std::size_t hyphen : {8U, 13U, 18U, 23U}) {
    if (text.size() == 36 && text[hyphen] != '-') return bad;
    digits.insert(hyphen, 1, '-');
  }
  return digits;
}

Result<std::string> CanonicalBool(std::string_view text) {
  if (text == "true" || text == "1" || text == "t") return std::string("true");
  if (text == "false" || text == "0" || text == "f") return std::string("false");
  return Bad("a bool is true or false");
}

}  // namespace

std::optional<ParamType> ParseParamType(std::string_view name) {
  for (const TypeName& type : kTypes) {
    if (type.name == name) return type.type;
  }
  return std::nullopt;
}

std::string_view ParamTypeName(ParamType type) {
  for (const TypeName& known : kTypes) {
    if (known.type == type) return known.name;
  }
  return "";
}

Result<std::string> CanonicalText(ParamType type, std::string_view text) {
  switch (type) {
    case ParamType::kInt:
      return CanonicalInt(text);
    case ParamType::kFloat:
      return CanonicalFloat(text);
    case ParamType::kString:
      return CanonicalString(text);
    case ParamType::kDate:
      return CanonicalDate(text);
    case ParamType::kTimestamp:
      return CanonicalTimestamp(text);
    case ParamType::kUuid:
      return CanonicalUuid(text);
    case ParamType::kBool:
      return CanonicalBool(text);
  }
  return Bad("unknown type");
}

}  // namespace kck
