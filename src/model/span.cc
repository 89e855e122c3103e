#include "model/span.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

namespace kck {

using std::chrono::milliseconds;

std::optional<milliseconds> ParseSpan(std::string_view number, milliseconds unit) {
  constexpr double kYearsMs = 1e3 * 86400 * 365 * 100;
  double count = 0;
  const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (error != std::errc{} || stop != number.data() + number.size()) return std::nullopt;
  const double ms = count * static_cast<double>(unit.count());
  if (!std::isfinite(ms) || ms < 1 || ms > kYearsMs) return std::nullopt;
  return milliseconds(std::llround(ms));
}

std::optional<milliseconds> ParseSpan(std::string_view text) {
  using std::chrono::seconds;
  static constexpr std::array<std::pair<std::string_view, milliseconds>, 6> kUnits{{{"ms", milliseconds(1)},
                                                                                    {"s", seconds(1)},
                                                                                    {"m", seconds(60)},
                                                                                    {"h", seconds(3600)},
                                                                                    {"d", seconds(86400)},
                                                                                    {"", seconds(1)}}};
  const auto unit = std::ranges::find_if(kUnits, [&](const auto& one) { return text.ends_with(one.first); });
  return ParseSpan(text.substr(0, text.size() - unit->first.size()), unit->second);
}

}  // namespace kck
