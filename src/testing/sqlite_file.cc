#include "testing/sqlite_file.h"

#include <sqlite3.h>

#include <stdexcept>

namespace kck {

SqliteFile::SqliteFile() { Run("create table t (a int)"); }

std::string SqliteFile::path() const { return folder_.path() + "/test.db"; }

void SqliteFile::Run(const std::string& sql) {
  sqlite3* database = nullptr;
  char* message = nullptr;
  int code = sqlite3_open(path().c_str(), &database);
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

}  // namespace kck
