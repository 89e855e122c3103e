// Durations as people write them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace kck {

// "500ms", "2s", "5m", "1h", "1d"; a number alone is seconds. Nothing where it is none of these, below a millisecond,
// or over a hundred years.
std::optional<std::chrono::milliseconds> ParseSpan(std::string_view text);

// The same of a number whose unit is said elsewhere.
std::optional<std::chrono::milliseconds> ParseSpan(std::string_view number, std::chrono::milliseconds unit);

}  // namespace kck
