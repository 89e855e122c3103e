#include "source/sqlite_connection.h"

#include <fmt/format.h>

#include <thread>

#include "source/sqlite_json.h"
#include "source/sqlite_refusal.h"
#include "source/sqlite_statement.h"

namespace kck {
namespace {

constexpr std::size_t kPreparedMax = 1000;  // statements kept; past it all are prepared anew
constexpr int kStepsBetweenLooks = 10000;   // some tens of microseconds

std::vector<std::string> ColumnNames(sqlite3_stmt& prepared) {
  std::vector<std::string> names;
  for (int i = 0; i < sqlite3_column_count(&prepared); ++i) names.emplace_back(sqlite3_column_name(&prepared, i));
  return names;
}

int StopsStatement(void* data) { return static_cast<const SqliteLimits*>(data)->Passed() ? 1 : 0; }

// Called while another process holds a lock: 0 gives up.
int WaitsForLock(void* data, int tries) {
  if (static_cast<const SqliteLimits*>(data)->Passed()) return 0;
  constexpr int kPauseMsMax = 10;
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(tries + 1, kPauseMsMax)));
  return 1;
}

std::string_view WordsFor(int code, std::string_view statement_fault) {
  switch (code & 0xFF) {  // the primary code of an extended one
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process holds its lock";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "its file is damaged, or no SQLite database";
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_PERM:
      return "its file cannot be read";
    case SQLITE_READONLY:
      return "its file may not be written, or a write to it was left unfinished; open it once with the program that "
             "writes it";
    case SQLITE_NOMEM:
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
      return "the statement needs more memory or disk than there is";
    default:
      return statement_fault;
  }
}

Failure CannotOpen(const std::string& path, int code) {
  const ErrorCode kind = code == SQLITE_BUSY ? ErrorCode::kSourceTimeout : ErrorCode::kSourceError;
  return Fail(kind, fmt::format("cannot open {}: {}", path, sqlite3_errstr(code)));
}

// Where the numbered template names the table or column that SQLite misses, where it tells no place. npos where the
// message is another, or the name cannot be found.
std::size_t MissingNameOffset(const SqlStatement& statement, std::string_view message) {
  for (const std::string_view missing : {"no such table: ", "no such column: "}) {
    if (!message.starts_with(missing)) continue;
    return SqliteNumberedTemplate(statement).find(message.substr(missing.size()));
  }
  return std::string::npos;
}

}  // namespace

std::string SqlitePath(const DatabaseSettings& settings) {
  constexpr std::string_view kScheme = "sqlite:";
  return settings.url.substr(kScheme.size());
}

SqliteConnection::SqliteConnection(SqlitePtr database, SqliteAccess access, const SqliteLimits& limits)
    : database_(std::move(database)), access_(access), limits_(limits) {
  sqlite3_busy_handler(database_.get(), WaitsForLock, &limits_);
  sqlite3_progress_handler(database_.get(), kStepsBetweenLooks, StopsStatement, &limits_);
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path, SqliteAccess access,
                                                                 const SqliteLimits& limits) {
  sqlite3* raw = nullptr;
  const int mode = access == SqliteAccess::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, mode | SQLITE_OPEN_NOMUTEX, nullptr);
  SqlitePtr database(raw);
  if (code != SQLITE_OK) return CannotOpen(path, code);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(std::move(database), access, limits));
  // Opening reads nothing: a file that is no database shows only now.
  if (const int read = connection->Execute("select 1 from sqlite_master")) return CannotOpen(path, read);
  if (access == SqliteAccess::kWrite) connection->Execute("pragma foreign_keys = on");
  return connection;
}

int SqliteConnection::Execute(const char* sql) { return sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr); }

bool SqliteConnection::HasMoved() const {
  int moved = 0;
  sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

// What makes a statement unfit for this connection. BEGIN, ATTACH and a comment count as reading.
std::optional<SqliteConnection::Refusal> SqliteConnection::UnfitFault(sqlite3_stmt* prepared) const {
  const bool writes = sqlite3_stmt_readonly(prepared) == 0;
  if (access_ == SqliteAccess::kWrite) {
    if (writes) return std::nullopt;
    return Refusal{SQLITE_ERROR, "the statement writes nothing; make it an insert, update or delete"};
  }
  if (writes) return Refusal{SQLITE_ERROR, "the statement writes, and a product only reads; make it a select"};
  if (sqlite3_column_count(prepared) > 0) return std::nullopt;
  return Refusal{SQLITE_ERROR, "the statement brings no columns; make it a select"};
}

tl::expected<SqliteStatementPtr, SqliteConnection::Refusal> SqliteConnection::Prepare(const SqlStatement& statement) {
  const std::string sql = SqliteNumberedTemplate(statement);
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, &rest);
  SqliteStatementPtr prepared(raw);
  if (code != SQLITE_OK) return tl::unexpected(Refusal{code, sqlite3_errmsg(database_.get())});
  if (auto fault = UnfitFault(prepared.get())) return tl::unexpected(*std::move(fault));
  if (std::string_view(rest, sql.data() + sql.size()).find_first_not_of(" \t\r\n") != std::string_view::npos) {
    return tl::unexpected(Refusal{SQLITE_ERROR, "more follows the first statement; there may be one"});
  }
  return prepared;
}

Result<sqlite3_stmt*> SqliteConnection::Prepared(const SqlStatement& statement) {
  auto found = prepared_.find(statement.id);
  if (found == prepared_.end()) {
    auto prepared = Prepare(statement);
    if (!prepared) {
      return Failure(ErrorFor(prepared.error().code, "the statement does not fit the database; run kck check"));
    }
    if (prepared_.size() >= kPreparedMax) prepared_.clear();
    found = prepared_.emplace(statement.id, *std::move(prepared)).first;
  }
  return found->second.get();
}

Result<Rows> SqliteConnection::Run(const SqlStatement& statement, const std::vector<ParamValue>& params,
                                   const SqliteLimits& limits) {
  limits_ = limits;
  const Result<sqlite3_stmt*> prepared = Prepared(statement);
  if (!prepared) return Failure(prepared.error());
  return BindAndStep(statement, **prepared, params);
}

Result<Written> SqliteConnection::Write(const SqlStatement& statement, const std::vector<ParamValue>& params,
                                        const SqliteLimits& limits) {
  limits_ = limits;
  const Result<sqlite3_stmt*> prepared = Prepared(statement);
  if (!prepared) return Failure(prepared.error());
  // Immediate: the wait for other writers comes before anything is read.
  if (const int code = Execute("begin immediate")) return Failure(ErrorFor(code, "it takes no write"));
  Result<Rows> rows = BindAndStep(statement, **prepared, params);
  Written written;
  if (rows) {
    written.rows = static_cast<std::uint64_t>(sqlite3_changes64(database_.get()));
    written.returning = std::move(rows->json);
    written.columns = ColumnNames(**prepared);
    if (const int code = Execute("commit")) rows = Failure(ErrorFor(code, "it does not commit the write"));
  }
  if (sqlite3_get_autocommit(database_.get()) == 0) Execute("rollback");
  if (!rows) return Failure(std::move(rows.error()));
  return written;
}

Result<Rows> SqliteConnection::BindAndStep(const SqlStatement& statement, sqlite3_stmt& prepared,
                                           const std::vector<ParamValue>& params) {
  if (const int code = BindSqliteParams(prepared, statement.types, params)) {
    return Failure(ErrorFor(code, "a parameter does not fit"));
  }
  Result<Rows> rows = Step(prepared, statement.shape);
  sqlite3_reset(&prepared);
  sqlite3_clear_bindings(&prepared);
  return rows;
}

Result<Rows> SqliteConnection::Step(sqlite3_stmt& prepared, RowShape shape) {
  const TimePoint began = Clock::now();
  int code = sqlite3_step(&prepared);
  const SqliteRowWriter writer(prepared, shape);
  if (writer.RepeatedName()) {
    return Fail(ErrorCode::kSourceError, "two columns of the result have one name; run kck check");
  }
  Rows rows;
  rows.json = "[";
  for (; code == SQLITE_ROW; code = sqlite3_step(&prepared)) {
    if (rows.row_count++ > 0) rows.json += ',';
    writer.Append(rows.json);
  }
  if (code != SQLITE_DONE) {
    return Failure(
        ErrorFor(code, "an expression of the statement fails on these rows; run it in sqlite3 to see which"));
  }
  rows.json += ']';
  const auto cost = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began);
  rows.cost_us = static_cast<std::uint32_t>(cost.count());
  return rows;
}

Result<Description> SqliteConnection::Describe(const SqlStatement& statement) {
  const auto prepared = Prepare(statement);
  if (!prepared) {
    const std::string& message = prepared.error().author_message;
    const int told = sqlite3_error_offset(database_.get());
    const std::size_t offset = told >= 0 ? static_cast<std::size_t>(told) : MissingNameOffset(statement, message);
    if (offset == std::string::npos) return Fail(ErrorCode::kSourceError, message);
    const std::string place = SqlitePlaceText(statement, offset);
    return Fail(ErrorCode::kSourceError, fmt::format("{}: {}", place, message));
  }
  Description description;
  description.columns = ColumnNames(*prepared->get());
  return description;
}

Error SqliteConnection::ErrorFor(int code, std::string_view statement_fault) const {
  if (access_ == SqliteAccess::kWrite) {
    if (std::optional<Error> refusal = SqliteRefusal(*database_)) return *std::move(refusal);
  }
  const bool stopped = (code & 0xFF) == SQLITE_INTERRUPT || (code & 0xFF) == SQLITE_BUSY;
  if (stopped && *limits_.stop) return {ErrorCode::kSourceError, "it is being closed"};
  if (stopped && limits_.Passed()) {
    return {ErrorCode::kSourceTimeout,
            "the statement took too long; make it faster, or raise statement_timeout_ms in kck.yml"};
  }
  return {ErrorCode::kSourceError, std::string(WordsFor(code, statement_fault))};
}

}  // namespace kck
