#include "source/sqlite_statement.h"

#include <fmt/format.h>

#include <charconv>

#include "source/numbered_template.h"

namespace kck {
namespace {

constexpr std::string_view kPrefix = "?";

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

std::string SqliteNumberedTemplate(const SqlStatement& statement) { return NumberedTemplate(statement, kPrefix); }

std::string SqlitePlaceText(const SqlStatement& statement, std::size_t offset) {
  const TemplatePlace place = PlaceInTemplate(statement, kPrefix, offset);
  return fmt::format("line {} column {}", place.line, place.column);
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
