#include "source/pg_error.h"

#include <fmt/format.h>

namespace kck {
namespace {

struct Kind {
  std::string_view prefix;  // of the SQLSTATE
  std::string_view words;
};

// The first that fits counts. PostgreSQL's manual, appendix A, has all classes.
constexpr Kind kKinds[] = {
    {"25006", "it writes, and a product may only read"},
    {"42501", "its role may not read what the statement names"},
    {"22", "a value does not fit its type or place"},
    {"42", "the statement does not fit the tables, columns or types that are there; run kck check"},
    {"53", "it has no memory, disk or connections left"},
    {"54", "the statement passes a limit of PostgreSQL"},
    {"55", "an object is not in a state to be read"},
    {"57", "it is shutting down, or an operator stopped the statement"},
    {"58", "its files or system failed; see its log"},
    {"XX", "it has an internal error; see its log"},
};

std::string_view WordsFor(std::string_view state) {
  for (const Kind& kind : kKinds) {
    if (state.starts_with(kind.prefix)) return kind.words;
  }
  return "see the log of the database";
}

// What a write means otherwise than a fill does.
constexpr Kind kWriteKinds[] = {
    {"25006", "it takes no writes now"},
    {"40", "another write was in the way; send it again"},
    {"42501", "its role may not write what the statement names; run kck check"},
};

std::string_view DataWords(std::string_view state) {
  if (state == "22001") return "a text is too long for its column";
  if (state == "22003") return "a number is out of its column's range";
  if (state == "22P02") return "a text is no value of its column's type";
  return "the database has no such value in that place";
}

std::string_view Field(const PGresult& result, int field) {
  const char* text = PQresultErrorField(&result, field);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

std::string_view ConstraintWords(std::string_view state) {
  if (state == "23502") return "a column may not be NULL";
  if (state == "23503") return "a row that is referred to is not there, or is still referred to";
  if (state == "23505") return "there is such a row already";
  if (state == "23514") return "the values break a check";
  if (state == "23P01") return "the row overlaps with another";
  return "the write breaks a constraint";
}

std::string ConstraintText(const PGresult& result) {
  std::string text(ConstraintWords(SqlState(result)));
  const std::string_view constraint = Field(result, PG_DIAG_CONSTRAINT_NAME);
  const std::string_view column = Field(result, PG_DIAG_COLUMN_NAME);
  if (!constraint.empty()) text += fmt::format(" (constraint {})", constraint);
  if (!column.empty()) text += fmt::format(" (column {})", column);
  return text;
}

}  // namespace

bool IsError(const PGresult& result) {
  const ExecStatusType status = PQresultStatus(&result);
  return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK;
}

std::string_view SqlState(const PGresult& result) { return Field(result, PG_DIAG_SQLSTATE); }

Error StatementError(const std::string& database, const PGresult& result) {
  const std::string_view state = SqlState(result);
  if (state == "57014") {
    return {ErrorCode::kSourceTimeout,
            fmt::format("database {} stopped the statement at its statement_timeout; make the statement faster, or "
                        "raise statement_timeout in kck.yml",
                        database)};
  }
  return {ErrorCode::kSourceError,
          fmt::format("database {} failed the statement (SQLSTATE {}): {}", database, state, WordsFor(state))};
}

bool IsStaleStatement(std::string_view sql_state) { return sql_state == "26000" || sql_state == "0A000"; }

Error WriteError(const std::string& database, const PGresult& result) {
  const std::string_view state = SqlState(result);
  if (state.starts_with("23")) return {ErrorCode::kBadRequest, ConstraintText(result)};
  if (state.starts_with("22")) {
    return {ErrorCode::kBadRequest, fmt::format("a value does not fit: {} (SQLSTATE {})", DataWords(state), state)};
  }
  Error error = StatementError(database, result);
  for (const Kind& kind : kWriteKinds) {
    if (!state.starts_with(kind.prefix)) continue;
    error.message = fmt::format("database {} failed the write (SQLSTATE {}): {}", database, state, kind.words);
    break;
  }
  error.message += "; nothing was written";
  return error;
}

std::string AuthorMessage(const PGresult& result) {
  std::string message(Field(result, PG_DIAG_MESSAGE_PRIMARY));
  const std::string_view hint = Field(result, PG_DIAG_MESSAGE_HINT);
  if (!hint.empty()) message += fmt::format(" ({})", hint);
  return message;
}

std::string ConnectionMessage(const PGconn* connection) {
  std::string message = PQerrorMessage(connection);
  while (!message.empty() && message.back() == '\n') message.pop_back();
  for (std::size_t at = message.find('\n'); at != std::string::npos; at = message.find('\n', at)) {
    message.replace(at, 1, "; ");
  }
  return message;
}

}  // namespace kck
