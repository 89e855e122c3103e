#include "source/numbered_template.h"

#include <algorithm>

namespace kck {
namespace {

std::string Placeholder(std::string_view prefix, std::size_t param) {
  return std::string(prefix) + std::to_string(param + 1);
}

// What the author wrote of the numbered template's first `length` bytes; a parameter that they cut counts as not there.
std::string WrittenBefore(const SqlStatement& statement, std::string_view prefix, std::size_t length) {
  std::string written;
  for (std::size_t i = 0;; ++i) {
    const std::string& piece = statement.sql.text[i];
    if (length <= piece.size() || i == statement.sql.params.size()) return written + piece.substr(0, length);
    length -= piece.size();
    written += piece;
    const std::size_t placeholder_size = Placeholder(prefix, statement.arguments[i]).size();
    if (length < placeholder_size) return written;
    length -= placeholder_size;
    written += ":" + statement.sql.params[i].name;
  }
}

// All but the bytes that continue a character.
bool StartsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

}  // namespace

std::string TemplateWith(const SqlStatement& statement,
                         const std::function<std::string(std::size_t param)>& placeholder) {
  std::string sql = statement.sql.text[0];
  for (std::size_t i = 0; i < statement.sql.params.size(); ++i) {
    sql += placeholder(statement.arguments[i]) + statement.sql.text[i + 1];
  }
  return sql;
}

std::string NumberedTemplate(const SqlStatement& statement, std::string_view prefix) {
  return TemplateWith(statement, [&](std::size_t param) { return Placeholder(prefix, param); });
}

TemplatePlace PlaceInTemplate(const SqlStatement& statement, std::string_view prefix, std::size_t offset) {
  const std::string before = WrittenBefore(statement, prefix, offset);
  const std::string_view line = std::string_view(before).substr(before.rfind('\n') + 1);  // npos + 1 is 0
  return {static_cast<int>(1 + std::count(before.begin(), before.end(), '\n')),
          static_cast<int>(1 + std::count_if(line.begin(), line.end(), StartsCharacter))};
}

std::size_t ByteOfCharacter(std::string_view text, std::size_t position) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (StartsCharacter(text[i]) && position-- == 0) return i;
  }
  return text.size();
}

}  // namespace kck
