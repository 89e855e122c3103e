#include "source/sqlite_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/base64.h"
#include "base/json.h"

namespace kck {
namespace {

void AppendInteger(std::string& out, std::int64_t number, bool is_bool) {
  if (is_bool && (number == 0 || number == 1)) {
    out += number == 1 ? "true" : "false";
  } else {
    out += fmt::format_int(number).c_str();
  }
}

}  // namespace

SqliteRowWriter::SqliteRowWriter(sqlite3_stmt& statement, RowShape shape) : statement_(statement), shape_(shape) {
  for (int i = 0; i < sqlite3_column_count(&statement); ++i) {
    Column column;
    column.name = sqlite3_column_name(&statement, i);
    AppendJsonString(column.json_name, column.name);
    column.is_bool = IsDeclared(i, {"BOOLEAN", "BOOL"});
    column.is_json = IsDeclared(i, {"JSON", "JSONB"});
    columns_.push_back(std::move(column));
  }
}

bool SqliteRowWriter::IsDeclared(int column, std::initializer_list<std::string_view> types) const {
  const char* declared = sqlite3_column_decltype(&statement_, column);
  return declared != nullptr && std::any_of(types.begin(), types.end(), [declared](std::string_view type) {
           return sqlite3_stricmp(declared, type.data()) == 0;
         });
}

std::optional<std::string> SqliteRowWriter::RepeatedName() const {
  if (shape_ != RowShape::kDicts) return std::nullopt;
  std::set<std::string_view> names;
  for (const Column& column : columns_) {
    if (!names.insert(column.name).second) return column.name;
  }
  return std::nullopt;
}

void SqliteRowWriter::Append(std::string& out) const {
  const bool dicts = shape_ == RowShape::kDicts;
  out += dicts ? '{' : '[';
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out += ',';
    if (dicts) {
      out += columns_[i].json_name;
      out += ':';
    }
    AppendValue(out, static_cast<int>(i), columns_[i]);
  }
  out += dicts ? '}' : ']';
}

void SqliteRowWriter::AppendValue(std::string& out, int index, const Column& column) const {
  switch (sqlite3_column_type(&statement_, index)) {
    case SQLITE_INTEGER:
      return AppendInteger(out, sqlite3_column_int64(&statement_, index), column.is_bool);
    case SQLITE_FLOAT:
      return AppendJsonDouble(out, sqlite3_column_double(&statement_, index));
    case SQLITE_TEXT:
      return AppendText(out, index, column);
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(&statement_, index));
      out += '"';
      AppendBase64(out, {bytes, static_cast<std::size_t>(sqlite3_column_bytes(&statement_, index))});
      out += '"';
      return;
    }
    default:
      out += "null";
  }
}

void SqliteRowWriter::AppendText(std::string& out, int index, const Column& column) const {
  const std::string_view text = TextOf(index);
  if (column.is_json && IsJson(text)) {
    out += text;
  } else {
    AppendJsonString(out, text);
  }
}

std::string_view SqliteRowWriter::TextOf(int index) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(&statement_, index));
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(&statement_, index))};
}

}  // namespace kck
