#include "source/sqlite_refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace kck {
namespace {

// What follows "… constraint failed: " in SQLite's message: columns, or the name of a constraint. A constraint without
// a name is quoted by its SQL, which is not for clients.
std::string_view Subject(std::string_view message) {
  const std::size_t colon = message.find(": ");
  if (colon == std::string_view::npos) return {};
  const std::string_view subject = message.substr(colon + 2);
  const bool plain = std::ranges::all_of(subject, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == ',' || c == ' ';
  });
  return plain ? subject : std::string_view();
}

std::string Named(std::string_view what, std::string_view message) {
  const std::string_view subject = Subject(message);
  return subject.empty() ? std::string(what) : fmt::format("{}: {}", what, subject);
}

std::string ConstraintText(int extended_code, std::string_view message) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Named("there is such a row already, by the unique columns", message);
    case SQLITE_CONSTRAINT_NOTNULL:
      return Named("a column may not be NULL", message);
    case SQLITE_CONSTRAINT_CHECK:
      return Named("the values break a CHECK constraint", message);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return "the write breaks a foreign key: a row that is referred to is not there, or is still referred to";
    case SQLITE_CONSTRAINT_TRIGGER:
      return "a trigger of the database refuses the write";
    case SQLITE_CONSTRAINT_DATATYPE:
      return Named("a value does not fit the type of its column", message);
    default:
      return "the write breaks a constraint of the database";
  }
}

}  // namespace

std::optional<Error> SqliteRefusal(sqlite3& database) {
  const int code = sqlite3_extended_errcode(&database);
  if ((code & 0xFF) == SQLITE_MISMATCH) return Error{ErrorCode::kBadRequest, "a value does not fit its column's type"};
  if ((code & 0xFF) != SQLITE_CONSTRAINT) return std::nullopt;
  return Error{ErrorCode::kBadRequest, ConstraintText(code, sqlite3_errmsg(&database))};
}

}  // namespace kck
