#include "model/template_text.h"

#include <algorithm>
#include <sstream>

namespace kck {
namespace {

// Where the first line of a `|` block stands; `lines` are those after its header.
Location BlockStart(std::istream& lines, Location at, std::string_view text) {
  std::string line;
  const std::string_view first = text.substr(0, text.find('\n'));
  std::getline(lines, line);
  const std::size_t indent = line.find_first_not_of(' ');
  // A block may begin with blank lines, or say its indentation itself; then its lines are not where this looks.
  if (indent == std::string::npos || !std::string_view(line).substr(indent).starts_with(first)) return {at.file, 0, 0};
  return {at.file, at.line + 1, static_cast<int>(indent) + 1};
}

Location ScalarStart(Location at, const std::string& file_text, const std::string& text) {
  std::istringstream lines(file_text);
  std::string line;
  for (int i = 0; i < at.line; ++i) std::getline(lines, line);
  const auto before = std::min(static_cast<std::size_t>(std::max(at.column - 1, 0)), line.size());
  std::string_view rest = std::string_view(line).substr(before);
  if (rest.starts_with('|')) return BlockStart(lines, at, text);
  if (rest.starts_with('"') || rest.starts_with('\'')) {
    rest.remove_prefix(1);
    ++at.column;
  }
  if (!rest.starts_with(text)) return {at.file, 0, 0};
  return at;
}

}  // namespace

Location TemplateText::At(std::size_t offset) const {
  if (start.line == 0) return otherwise;
  const std::string_view before = std::string_view(text).substr(0, offset);
  const auto lines = static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {start.file, start.line + lines, start.column + static_cast<int>(before.size() - line_start)};
}

TemplateText TemplateOf(const YamlFile& file, const std::string& file_text, const YAML::Node& node) {
  const Location at = file.At(node);
  return {node.Scalar(), ScalarStart(at, file_text, node.Scalar()), at};
}

}  // namespace kck
