#include "model/near_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

namespace kck {
namespace {

// A fault is read in a terminal.
constexpr std::size_t kListedMax = 24;

// Levenshtein's distance: how many letters to change, add or drop.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> NearName(std::string_view name, const std::vector<std::string>& known) {
  if (known.empty()) return std::nullopt;
  const auto nearest = std::ranges::min_element(known, {}, [&](const std::string& one) { return Distance(name, one); });
  if (Distance(name, *nearest) > std::max<std::size_t>(2, name.size() / 3)) return std::nullopt;
  return *nearest;
}

std::string NearCure(std::string_view name, const std::vector<std::string>& known) {
  if (known.empty()) return "";
  if (const auto near = NearName(name, known)) return fmt::format("did you mean \"{}\"?", *near);
  const std::span listed(known.data(), std::min(known.size(), kListedMax));
  return fmt::format("known here: {}{}", fmt::join(listed, ", "), listed.size() < known.size() ? ", …" : "");
}

}  // namespace kck
