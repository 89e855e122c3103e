#include "apps/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace kck {
namespace {

constexpr std::size_t kLabelWidth = 9;

}  // namespace

std::string SpanText(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 60 * kMinute;
  constexpr double kDay = 24 * kHour;
  const double length = std::abs(seconds);
  if (length < 0.01) return fmt::format("{:.2g} ms", length * 1000);
  if (length < 1) return fmt::format("{:.0f} ms", length * 1000);
  if (length < 10) return fmt::format("{:.1f} s", length);
  if (length < 2 * kMinute) return fmt::format("{:.0f} s", length);
  if (length < 2 * kHour) return fmt::format("{:.0f} min", length / kMinute);
  if (length < 2 * kDay) return fmt::format("{:.0f} h", length / kHour);
  return fmt::format("{:.0f} days", length / kDay);
}

void LabelledLines::Add(std::string_view label, std::string_view text) {
  if (text.empty()) return;
  if (!text_.empty()) text_ += '\n';
  text_ += fmt::format("  {:<{}}  {}", label == last_label_ ? "" : label, kLabelWidth, text);
  last_label_ = label;
}

std::string TableText(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("  {:<{}}", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    if (!text.empty()) text += '\n';
    text += line;
  }
  return text;
}

}  // namespace kck
