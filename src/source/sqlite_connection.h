// One SQLite connection: statements prepared once, run with a deadline, rows rendered as JSON.
//
// For one thread at a time. JSON by what SQLite holds: INTEGER and REAL as numbers, TEXT as a string, BLOB as base64,
// NULL as null. A column declared BOOLEAN or BOOL turns 0 and 1 into false and true; a column declared JSON or JSONB is
// embedded where its text is JSON. Infinities are strings; text that is not UTF-8 has its bad bytes replaced.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "base/scheduler.h"
#include "source/source.h"

namespace kck {

class SqliteConnection {
 public:
  // Opens `path` for reading. The error names the file.
  static Result<std::unique_ptr<SqliteConnection>> Open(const std::string& path);

  // `stop`, when it becomes true, ends the statement.
  Result<Rows> Run(const SqlStatement& statement, const std::vector<ParamValue>& params, TimePoint deadline,
                   const std::atomic<bool>& stop);

  Result<Description> Describe(const SqlStatement& statement);

  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using StatementPtr = std::unique_ptr<sqlite3_stmt, Close>;

  explicit SqliteConnection(std::unique_ptr<sqlite3, Close> database) : database_(std::move(database)) {}

  Result<StatementPtr> Prepare(const SqlStatement& statement);
  Result<sqlite3_stmt*> Prepared(const SqlStatement& statement);
  Result<Rows> Step(sqlite3_stmt* prepared, RowShape shape);
  Error LastError(int code) const;

  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<std::uint64_t, StatementPtr> prepared_;
};

}  // namespace kck
