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

std::string_view Field(const PGresult& result, int field) {
  const char* text = PQresultErrorField(&result, field);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

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
