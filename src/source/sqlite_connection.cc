#include "source/sqlite_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/base64.h"
#include "base/json.h"

namespace kck {
namespace {

constexpr std::size_t kPreparedMax = 1000;  // statements kept; past it all are prepared anew

// The template with ?1, ?2, … for its parameters, and where each piece of it came from.
std::string Numbered(const SqlStatement& statement) {
  std::string sql = statement.sql.text[0];
  for (std::size_t i = 0; i < statement.arguments.size(); ++i) {
    sql += fmt::format("?{}", statement.arguments[i] + 1);
    sql += statement.sql.text[i + 1];
  }
  return sql;
}

// The byte of the author's text that byte `at` of the numbered text came from.
std::size_t OffsetInTemplate(const SqlStatement& statement, std::size_t at) {
  std::size_t numbered = statement.sql.text[0].size();
  std::size_t written = numbered;
  if (at < numbered) return at;
  for (std::size_t i = 0; i < statement.arguments.size(); ++i) {
    const std::size_t digits = fmt::formatted_size("?{}", statement.arguments[i] + 1);
    if (at < numbered + digits) return written;
    numbered += digits;
    written += statement.sql.params[i].name.size() + 1;
    const std::size_t piece = statement.sql.text[i + 1].size();
    if (at < numbered + piece) return written + (at - numbered);
    numbered += piece;
    written += piece;
  }
  return written;
}

std::string WrittenTemplate(const SqlStatement& statement) {
  std::string sql = statement.sql.text[0];
  for (std::size_t i = 0; i < statement.sql.params.size(); ++i) {
    sql += ":" + statement.sql.params[i].name + statement.sql.text[i + 1];
  }
  return sql;
}

bool IsDeclared(sqlite3_stmt* statement, int column, std::initializer_list<std::string_view> types) {
  const char* declared = sqlite3_column_decltype(statement, column);
  return declared != nullptr && std::any_of(types.begin(), types.end(), [declared](std::string_view type) {
           return sqlite3_strnicmp(declared, type.data(), static_cast<int>(type.size())) == 0 &&
                  declared[type.size()] == '\0';
         });
}

std::string_view TextOf(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

// How a result's column becomes JSON, beyond the storage class of its values.
struct Column {
  std::string name;  // as a JSON string
  bool is_bool = false;
  bool is_json = false;
};

std::vector<Column> ColumnsOf(sqlite3_stmt* statement) {
  std::vector<Column> columns(static_cast<std::size_t>(sqlite3_column_count(statement)));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const int index = static_cast<int>(i);
    AppendJsonString(columns[i].name, sqlite3_column_name(statement, index));
    columns[i].is_bool = IsDeclared(statement, index, {"BOOLEAN", "BOOL"});
    columns[i].is_json = IsDeclared(statement, index, {"JSON", "JSONB"});
  }
  return columns;
}

void AppendInteger(std::string& out, std::int64_t number, bool is_bool) {
  if (is_bool && (number == 0 || number == 1)) {
    out += number == 1 ? "true" : "false";
  } else {
    out += fmt::format_int(number).c_str();
  }
}

void AppendValue(std::string& out, sqlite3_stmt* statement, int index, const Column& column) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return AppendInteger(out, sqlite3_column_int64(statement, index), column.is_bool);
    case SQLITE_FLOAT:
      return AppendJsonDouble(out, sqlite3_column_double(statement, index));
    case SQLITE_TEXT: {
      const std::string_view text = TextOf(statement, index);
      if (column.is_json && IsJson(text)) {
        out += text;
      } else {
        AppendJsonString(out, text);
      }
      return;
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, index));
      out += '"';
      AppendBase64(out, {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, index))});
      out += '"';
      return;
    }
    default:
      out += "null";
  }
}

void AppendRow(std::string& out, sqlite3_stmt* statement, const std::vector<Column>& columns, RowShape shape) {
  const bool dicts = shape == RowShape::kDicts;
  out += dicts ? '{' : '[';
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out += ',';
    if (dicts) {
      out += columns[i].name;
      out += ':';
    }
    AppendValue(out, statement, static_cast<int>(i), columns[i]);
  }
  out += dicts ? '}' : ']';
}

// Parameters come in their canonical text (model/param.h), so reading the numbers cannot fail.
int Bind(sqlite3_stmt* statement, int index, ParamType type, const ParamValue& value) {
  if (!value) return sqlite3_bind_null(statement, index);
  const char* end = value->data() + value->size();
  switch (type) {
    case ParamType::kInt: {
      std::int64_t number = 0;
      std::from_chars(value->data(), end, number);
      return sqlite3_bind_int64(statement, index, number);
    }
    case ParamType::kFloat: {
      double number = 0;
      std::from_chars(value->data(), end, number);
      return sqlite3_bind_double(statement, index, number);
    }
    case ParamType::kBool:
      return sqlite3_bind_int(statement, index, *value == "true" ? 1 : 0);
    case ParamType::kString:
    case ParamType::kDate:
    case ParamType::kTimestamp:
    case ParamType::kUuid:
      break;
  }
  return sqlite3_bind_text64(statement, index, value->data(), value->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

// What the progress handler looks at, every so many steps of SQLite's machine.
struct Limits {
  TimePoint deadline;
  const std::atomic<bool>& stop;
};

int PastLimits(void* data) {
  const auto* limits = static_cast<const Limits*>(data);
  return limits->stop || Clock::now() >= limits->deadline ? 1 : 0;
}

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<sqlite3, Close> database(raw);
  if (code != SQLITE_OK) {
    return Fail(ErrorCode::kSourceError, fmt::format("cannot open {}: {}", path, sqlite3_errstr(code)));
  }
  constexpr int kBusyMs = 2000;  // a writer that commits holds readers up for a moment
  sqlite3_busy_timeout(database.get(), kBusyMs);
  // Opening reads nothing: a file that is no database shows only now.
  if (const int read = sqlite3_exec(database.get(), "select 1 from sqlite_master", nullptr, nullptr, nullptr)) {
    return Fail(ErrorCode::kSourceError, fmt::format("cannot read {}: {}", path, sqlite3_errstr(read)));
  }
  return std::unique_ptr<SqliteConnection>(new SqliteConnection(std::move(database)));
}

Result<SqliteConnection::StatementPtr> SqliteConnection::Prepare(const SqlStatement& statement) {
  const std::string sql = Numbered(statement);
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  StatementPtr prepared(raw);
  if (code != SQLITE_OK) return Failure(LastError(code));
  if (!prepared) return Fail(ErrorCode::kSourceError, "there is no statement in the SQL");
  if (sqlite3_stmt_readonly(prepared.get()) == 0) {
    return Fail(ErrorCode::kSourceError, "the statement would write; a product only reads");
  }
  return prepared;
}

Result<sqlite3_stmt*> SqliteConnection::Prepared(const SqlStatement& statement) {
  auto found = prepared_.find(statement.id);
  if (found == prepared_.end()) {
    Result<StatementPtr> prepared = Prepare(statement);
    if (!prepared) return Failure(std::move(prepared.error()));
    if (prepared_.size() >= kPreparedMax) prepared_.clear();
    found = prepared_.emplace(statement.id, *std::move(prepared)).first;
  }
  return found->second.get();
}

Result<Rows> SqliteConnection::Run(const SqlStatement& statement, const std::vector<ParamValue>& params,
                                   TimePoint deadline, const std::atomic<bool>& stop) {
  Result<sqlite3_stmt*> prepared = Prepared(statement);
  if (!prepared) return Failure(std::move(prepared.error()));
  // A parameter that the template names several times has one number; SQLite counts to the highest one used.
  const int count = sqlite3_bind_parameter_count(*prepared);
  for (int i = 1; i <= count; ++i) {
    const auto index = static_cast<std::size_t>(i - 1);
    if (const int code = Bind(*prepared, i, statement.types[index], params[index])) return Failure(LastError(code));
  }
  constexpr int kStepsBetweenLooks = 10000;
  Limits limits{deadline, stop};
  sqlite3_progress_handler(database_.get(), kStepsBetweenLooks, PastLimits, &limits);
  Result<Rows> rows = Step(*prepared, statement.shape);
  sqlite3_progress_handler(database_.get(), 0, nullptr, nullptr);
  sqlite3_reset(*prepared);
  sqlite3_clear_bindings(*prepared);
  return rows;
}

Result<Rows> SqliteConnection::Step(sqlite3_stmt* prepared, RowShape shape) {
  const TimePoint began = Clock::now();
  Rows rows;
  rows.json = "[";
  std::vector<Column> columns;
  int code = sqlite3_step(prepared);
  // After the first step, since that may prepare the statement anew where the schema has changed.
  columns = ColumnsOf(prepared);
  for (; code == SQLITE_ROW; code = sqlite3_step(prepared)) {
    if (rows.row_count++ > 0) rows.json += ',';
    AppendRow(rows.json, prepared, columns, shape);
  }
  if (code != SQLITE_DONE) return Failure(LastError(code));
  rows.json += ']';
  rows.cost_us =
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began).count());
  return rows;
}

Result<Description> SqliteConnection::Describe(const SqlStatement& statement) {
  Result<StatementPtr> prepared = Prepare(statement);
  if (!prepared) {
    const int offset = sqlite3_error_offset(database_.get());
    if (offset < 0) return Failure(std::move(prepared.error()));
    const std::string written = WrittenTemplate(statement);
    const std::string before = written.substr(0, OffsetInTemplate(statement, static_cast<std::size_t>(offset)));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t column = before.size() - (before.rfind('\n') + 1);  // npos + 1 is 0
    return Fail(ErrorCode::kSourceError,
                fmt::format("line {} column {}: {}", line, column + 1, sqlite3_errmsg(database_.get())));
  }
  Description description;
  for (int i = 0; i < sqlite3_column_count(prepared->get()); ++i) {
    description.columns.emplace_back(sqlite3_column_name(prepared->get(), i));
  }
  return description;
}

Error SqliteConnection::LastError(int code) const {
  if (code == SQLITE_INTERRUPT) return {ErrorCode::kSourceTimeout, "the statement took longer than it may"};
  return {ErrorCode::kSourceError, sqlite3_errmsg(database_.get())};
}

}  // namespace kck
