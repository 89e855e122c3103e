// One thread's connection to an SQLite file: opened when it is first needed, and anew where that may help.
//
// For one thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "source/sqlite_connection.h"

namespace kck {

class SqliteHolder {
 public:
  // `reachable`, which outlives this, says whether the last try to open succeeded.
  SqliteHolder(std::string path, SqliteAccess access, std::atomic<bool>& reachable)
      : path_(std::move(path)), access_(access), reachable_(reachable) {}

  // A file that took the place of the one that is open is the database from now on. The error is for clients.
  Result<SqliteConnection*> Get(const SqliteLimits& limits);

  // What failed may be the connection itself, so the next statement begins with a new one.
  void Drop() { connection_.reset(); }

 private:
  const std::string path_;
  const SqliteAccess access_;
  std::atomic<bool>& reachable_;
  std::unique_ptr<SqliteConnection> connection_;
};

}  // namespace kck
