// Owners of what SQLite hands out.
#pragma once

#include <sqlite3.h>

#include <memory>

namespace kck {

struct SqliteFree {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

using SqlitePtr = std::unique_ptr<sqlite3, SqliteFree>;
using SqliteStatementPtr = std::unique_ptr<sqlite3_stmt, SqliteFree>;

}  // namespace kck
