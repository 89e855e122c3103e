// What SQLite refuses because of the values that a write brought.
#pragma once

#include <sqlite3.h>

#include <optional>

#include "base/error.h"

namespace kck {

// KCKBadRequest where the last failure of `database` is a broken constraint or a value that does not fit its column;
// nothing where it is another. The message names columns and constraints, never a value or SQL.
std::optional<Error> SqliteRefusal(sqlite3& database);

}  // namespace kck
