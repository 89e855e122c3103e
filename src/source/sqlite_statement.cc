#include "source/sqlite_statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace kck {
namespace {

std::string Placeholder(const SqlStatement& statement, std::size_t use) {
  return fmt::format("?{}", statement.arguments[use] + 1);
}

// What the author wrote of the numbered template's first `length` bytes; a parameter that they cut counts as not there.
std::string WrittenBefore(const SqlStatement& statement, std::size_t length) {
  std::string written;
  for (std::size_t i = 0;; ++i) {
    const std::string& piece = statement.sql.text[i];
    if (length <= piece.size() || i == statement.sql.params.size()) return written + piece.substr(0, length);
    length -= piece.size();
    written += piece;
    const std::size_t placeholder_size = Placeholder(statement, i).size();
    if (length < placeholder_size) return written;
    length -= placeholder_size;
    written += ":" + statement.sql.params[i].name;
  }
}

// All but the bytes that continue a character.
bool StartsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

// The text is canonical, so reading the number cannot fail.
template <typename Number>
Number ReadNumber(const std::string& text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

int Bind(sqlite3_stmt& prepared, int index, ParamType type, const ParamValue& value) {
  if (!value) return sqlite3_bind_null(&prepared, index);
  switch (type) {
    case ParamType::kInt:
      return sqlite3_bind_int64(&prepared, index, ReadNumber<std::int64_t>(*value));
    case ParamType::kFloat:
      return sqlite3_bind_double(&prepared, index, ReadNumber<double>(*value));
    case ParamType::kBool:
      return sqlite3_bind_int(&prepared, index, *value == "true" ? 1 : 0);
    case ParamType::kString:
    case ParamType::kDate:
    case ParamType::kTimestamp:
    case ParamType::kUuid:
      break;
  }
  return sqlite3_bind_text64(&prepared, index, value->data(), value->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

}  // namespace

std::string SqliteNumberedTemplate(const SqlStatement& statement) {
  std::string sql = statement.sql.text[0];
  for (std::size_t i = 0; i < statement.sql.params.size(); ++i) {
    sql += Placeholder(statement, i) + statement.sql.text[i + 1];
  }
  return sql;
}

std::string SqlitePlaceText(const SqlStatement& statement, std::size_t offset) {
  const std::string before = WrittenBefore(statement, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto column =
      1 + std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line_start), before.end(), StartsCharacter);
  return fmt::format("line {} column {}", line, column);
}

int BindSqliteParams(sqlite3_stmt& prepared, const std::vector<ParamType>& types,
                     const std::vector<ParamValue>& params) {
  // SQLite counts to the highest number that the statement uses.
  const int count = sqlite3_bind_parameter_count(&prepared);
  for (int i = 1; i <= count; ++i) {
    const auto index = static_cast<std::size_t>(i - 1);
    if (const int code = Bind(prepared, i, types[index], params[index])) return code;
  }
  return SQLITE_OK;
}

}  // namespace kck
