#include "testing/sqlite_file.h"

#include <stdexcept>

namespace kck {

SqliteFile::SqliteFile() { Run("create table t (a int)"); }

std::string SqliteFile::path() const { return folder_.path() + "/test.db"; }

void SqliteFile::Run(const std::string& sql) {
  sqlite3* database = nullptr;
  char* message = nullptr;
  int code = sqlite3_open(path().c_str(), &database);
  // A test's file need not survive a power cut.
  if (code == SQLITE_OK) code = sqlite3_exec(database, "pragma synchronous = off", nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message);
  const std::string why = message != nullptr ? message : sqlite3_errstr(code);
  sqlite3_free(message);
  sqlite3_close(database);
  if (code != SQLITE_OK) throw std::runtime_error(why);
}

DatabaseSettings SqliteFile::Settings() const {
  DatabaseSettings settings;
  settings.name = "lite";
  settings.dialect = SqlDialect::kSqlite;
  settings.url = "sqlite:" + path();
  settings.pool = 2;
  return settings;
}

SqliteLock::SqliteLock(const SqliteFile& file) {
  int code = sqlite3_open(file.path().c_str(), &database_);
  if (code == SQLITE_OK) code = sqlite3_exec(database_, "begin exclusive", nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw std::runtime_error(sqlite3_errstr(code));
}

void SqliteLock::Release() {
  sqlite3_close(database_);
  database_ = nullptr;
}

}  // namespace kck
