// One SQLite connection, for reading or for writing: statements prepared once, run until a deadline, rows rendered as
// JSON.
//
// For one thread at a time.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "base/scheduler.h"
#include "model/settings.h"
#include "source/source.h"
#include "source/sqlite_handle.h"
#include "source/writer.h"

namespace kck {

// What ends a statement, or a wait for another process's lock. SQLite looks at it every few thousand steps of its
// machine, so a single long step (the sort of millions of rows) may outlast it by a moment.
struct SqliteLimits {
  TimePoint deadline;
  const std::atomic<bool>* stop;  // ends it when it becomes true; outlives the connection

  bool Passed() const { return *stop || Clock::now() >= deadline; }
};

// A connection that writes holds foreign keys to be kept, which SQLite leaves to each connection.
enum class SqliteAccess { kRead, kWrite };

// The file that the url of an SQLite database names.
std::string SqlitePath(const DatabaseSettings& settings);

class SqliteConnection {
 public:
  // Opens `path`, which is there, and reads its head. The error names the file, for the author; it is kSourceTimeout
  // where the file was locked until the limits passed.
  static Result<std::unique_ptr<SqliteConnection>> Open(const std::string& path, SqliteAccess access,
                                                        const SqliteLimits& limits);

  // Runs a statement that reads; access is kRead. The error is for clients: it holds no SQL, and no word of SQLite's
  // that may quote some.
  Result<Rows> Run(const SqlStatement& statement, const std::vector<ParamValue>& params, const SqliteLimits& limits);

  // Runs a statement that writes, in a transaction of its own, which is committed where this succeeds and undone where
  // it does not; access is kWrite. KCKBadRequest where the values break a constraint.
  Result<Written> Write(const SqlStatement& statement, const std::vector<ParamValue>& params,
                        const SqliteLimits& limits);

  // Describer::Describe, within the limits last given.
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

  SqliteConnection(SqlitePtr database, SqliteAccess access, const SqliteLimits& limits);

  std::optional<Refusal> UnfitFault(sqlite3_stmt* prepared) const;
  tl::expected<SqliteStatementPtr, Refusal> Prepare(const SqlStatement& statement);
  Result<sqlite3_stmt*> Prepared(const SqlStatement& statement);
  Result<Rows> Step(sqlite3_stmt& prepared, RowShape shape);
  Result<Rows> BindAndStep(const SqlStatement& statement, sqlite3_stmt& prepared,
                           const std::vector<ParamValue>& params);
  int Execute(const char* sql);
  Error ErrorFor(int code, std::string_view statement_fault) const;

  SqlitePtr database_;
  const SqliteAccess access_;
  SqliteLimits limits_;
  std::unordered_map<std::uint64_t, SqliteStatementPtr> prepared_;
};

}  // namespace kck
