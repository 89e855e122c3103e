// Taking the blanks off both ends of a text.
#pragma once

#include <string_view>

namespace kck {

inline constexpr std::string_view kLineBlanks = " \t";      // within a line of HTTP
inline constexpr std::string_view kJsonBlanks = " \t\r\n";  // around a JSON value

inline std::string_view Trim(std::string_view text, std::string_view blanks) {
  while (!text.empty() && blanks.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
  while (!text.empty() && blanks.find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  return text;
}

}  // namespace kck
