// One SQLite connection, for reading: statements prepared once, run until a deadline, rows rendered as JSON.
//
// For one thread at a time.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "base/scheduler.h"
#include "source/source.h"
#include "source/sqlite_handle.h"

namespace kck {

// What ends a statement, or a wait for another process's lock. SQLite looks at it every few thousand steps of its
// machine, so a single long step (the sort of millions of rows) may outlast it by a moment.
struct SqliteLimits {
  TimePoint deadline;
  const std::atomic<bool>* stop;  // ends it when it becomes true; outlives the connection

  bool Passed() const { return *stop || Clock::now() >= deadline; }
};

class SqliteConnection {
 public:
  // Opens `path` for reading, and reads its head. The error names the file, for the author; it is kSourceTimeout where
  // the file was locked until the limits passed.
  static Result<std::unique_ptr<SqliteConnection>> Open(const std::string& path, const SqliteLimits& limits);

  // Runs a statement. The error is for clients: it holds no SQL, and no word of SQLite's that may quote some.
  Result<Rows> Run(const SqlStatement& statement, const std::vector<ParamValue>& params, const SqliteLimits& limits);

  // Source::Describe, within the limits last given.
  Result<Description> Describe(const SqlStatement& statement);

  // True where another file, or none, now stands at the path: this connection would go on reading the old one.
  bool HasMoved() const;

  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

 private:
  struct Refusal {
    int code;                    // SQLite's
    std::string author_message;  // SQLite's own words, which may quote the statement
  };

  SqliteConnection(SqlitePtr database, const SqliteLimits& limits);

  tl::expected<SqliteStatementPtr, Refusal> Prepare(const SqlStatement& statement);
  Result<sqlite3_stmt*> Prepared(const SqlStatement& statement);
  Result<Rows> Step(sqlite3_stmt& prepared, RowShape shape);
  Error ErrorFor(int code, std::string_view statement_fault) const;

  SqlitePtr database_;
  SqliteLimits limits_;
  std::unordered_map<std::uint64_t, SqliteStatementPtr> prepared_;
};

}  // namespace kck
