// Pages that a person reads: spans of time in words, lines with a label, tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kck {

// "0.4 ms", "250 ms", "3.1 s", "12 min", "5 h", "3 days".
std::string SpanText(double seconds);

// Lines of a label and a text each; a label that is that of the line before is not repeated.
class LabelledLines {
 public:
  // An empty text is no line.
  void Add(std::string_view label, std::string_view text);
  std::string text() const { return text_; }

 private:
  std::string text_;
  std::string last_label_;
};

// Rows of cells as lines, each column as wide as its widest cell. The first row is the head.
std::string TableText(const std::vector<std::vector<std::string>>& rows);

}  // namespace kck
