#include "source/pg_describe.h"

#include <fmt/format.h>

#include <charconv>

#include "source/pg_error.h"
#include "source/pg_handle.h"
#include "source/pg_statement.h"

namespace kck {
namespace {

constexpr std::string_view kSyntaxError = "42601";

PgResultPtr Prepare(PGconn* connection, const SqlStatement& statement, const std::string& sql, PgTyping typing) {
  const std::vector<Oid> types = PgParamTypes(statement, typing);
  return PgResultPtr(PQprepare(connection, "", sql.c_str(), static_cast<int>(types.size()), types.data()));
}

bool Succeeded(const PgResultPtr& result) { return PQresultStatus(result.get()) == PGRES_COMMAND_OK; }

// Tries both ways to type the parameters; the failure is that of the first, which says more.
PgResultPtr PrepareEitherWay(PGconn* connection, const SqlStatement& statement, const std::string& sql) {
  PgResultPtr declared = Prepare(connection, statement, sql, PgTyping::kDeclared);
  if (Succeeded(declared) || !MayTypeAsLiterals(SqlState(*declared))) return declared;
  PgResultPtr as_literals = Prepare(connection, statement, sql, PgTyping::kAsLiterals);
  return Succeeded(as_literals) ? std::move(as_literals) : std::move(declared);
}

std::string PlacedMessage(const SqlStatement& statement, const PGresult& result) {
  const char* text = PQresultErrorField(&result, PG_DIAG_STATEMENT_POSITION);
  if (text == nullptr) return AuthorMessage(result);
  int position = 1;
  const std::string_view digits(text);
  std::from_chars(digits.data(), digits.data() + digits.size(), position);
  const TemplatePlace place = PgPlaceInTemplate(statement, position);
  return fmt::format("line {} column {}: {}", place.line, place.column, AuthorMessage(result));
}

}  // namespace

Result<Description> DescribePg(PGconn* connection, const SqlStatement& statement) {
  // First without the stamp, so that positions and words are about what the author wrote.
  const PgResultPtr plain = PrepareEitherWay(connection, statement, PgNumberedTemplate(statement));
  if (!Succeeded(plain)) return Fail(ErrorCode::kSourceError, PlacedMessage(statement, *plain));
  const PgResultPtr stamped = PrepareEitherWay(connection, statement, PgStampedTemplate(statement));
  if (!Succeeded(stamped)) {
    const bool not_a_query = SqlState(*stamped) == kSyntaxError;
    return Fail(ErrorCode::kSourceError,
                not_a_query ? "a product's query is SELECT, VALUES, TABLE or WITH … SELECT" : AuthorMessage(*stamped));
  }
  const PgResultPtr described(PQdescribePrepared(connection, ""));
  if (!Succeeded(described)) return Fail(ErrorCode::kSourceError, AuthorMessage(*described));
  Description description;
  for (int column = 1; column < PQnfields(described.get()); ++column) {
    description.columns.emplace_back(PQfname(described.get(), column));
  }
  return description;
}

}  // namespace kck
