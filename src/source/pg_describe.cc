#include "source/pg_describe.h"

#include <fmt/format.h>

#include <charconv>

#include "source/pg_batch.h"
#include "source/pg_error.h"
#include "source/pg_handle.h"
#include "source/pg_json.h"
#include "source/pg_run_as.h"
#include "source/pg_statement.h"

namespace kck {
namespace {

constexpr std::string_view kSyntaxError = "42601";

constexpr std::string_view kNotPermitted = "42501";
constexpr const char* kName = "kck_check";

PgResultPtr Prepare(PGconn* connection, const SqlStatement& statement, const std::string& sql, PgTyping typing) {
  const std::vector<Oid> types = PgParamTypes(statement, typing);
  return PgResultPtr(PQprepare(connection, kName, sql.c_str(), static_cast<int>(types.size()), types.data()));
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

void Deallocate(PGconn* connection) {
  const PgResultPtr ignored(PQexec(connection, fmt::format("deallocate {}", kName).c_str()));
}

Result<Description> Columns(PGconn* connection, PgColumns columns) {
  const PgResultPtr described(PQdescribePrepared(connection, kName));
  if (!Succeeded(described)) return Fail(ErrorCode::kSourceError, AuthorMessage(*described));
  Description description;
  for (int column = static_cast<int>(columns); column < PQnfields(described.get()); ++column) {
    description.columns.emplace_back(PQfname(described.get(), column));
  }
  return description;
}

std::string WhyFilledSingly(PGconn* connection, const SqlStatement& statement) {
  if (statement.types.empty()) return "";  // there is one key
  const std::string names = PgCalledFunctionsText(statement);
  const char* values[] = {names.c_str()};
  const PgResultPtr found(PQexecParams(connection, kPgVolatileSql, 1, nullptr, values, nullptr, nullptr, 0));
  if (PQresultStatus(found.get()) != PGRES_TUPLES_OK) return AuthorMessage(*found);
  if (PQgetisnull(found.get(), 0, 0) == 0)
    return fmt::format("it calls what is volatile: {}", PQgetvalue(found.get(), 0, 0));
  Deallocate(connection);
  const PgResultPtr prepared(PQprepare(connection, kName, PgBatchTemplate(statement).c_str(), 0, nullptr));
  return Succeeded(prepared) ? "" : AuthorMessage(*prepared);
}

// What PostgreSQL says where the role may not do this, or "". PREPARE asks for no permission; EXPLAIN does, and runs
// nothing. What it says of NULLs as parameters does not count.
std::string WhyNotPermitted(PGconn* connection, const SqlStatement& statement) {
  std::string explain = fmt::format("explain execute {}", kName);
  for (std::size_t i = 0; i < statement.types.size(); ++i) explain += i == 0 ? "(null" : ", null";
  if (!statement.types.empty()) explain += ')';
  const PgResultPtr explained(PQexec(connection, explain.c_str()));
  return SqlState(*explained) == kNotPermitted ? AuthorMessage(*explained) : "";
}

// Where tables are looked for depends on a parameter that nothing is known of.
std::string SearchPathHint(const SqlStatement& statement) {
  if (!statement.run_as) return "";
  for (const RunAsSetting& setting : statement.run_as->settings) {
    if (setting.name != "search_path" || !setting.param || setting.example) continue;
    return "; search_path comes from a parameter: give that one an example, with which this can be checked";
  }
  return "";
}

Description Refused(std::string why) {
  Description description;
  description.run_as_refused = std::move(why);
  return description;
}

Result<Description> Unprepared(const SqlStatement& statement, const PGresult& result) {
  if (statement.run_as && SqlState(result) == kNotPermitted) return Refused(AuthorMessage(result));
  return Fail(ErrorCode::kSourceError, PlacedMessage(statement, result) + SearchPathHint(statement));
}

}  // namespace

Result<Description> DescribePg(PGconn* connection, const SqlStatement& statement) {
  if (statement.run_as) {
    std::string refused = EnterPgRunAs(connection, *statement.run_as);
    if (!refused.empty()) return Refused(std::move(refused));
  }
  // First without the stamp, so that positions and words are about what the author wrote.
  const PgResultPtr plain = PrepareEitherWay(connection, statement, PgNumberedTemplate(statement));
  if (!Succeeded(plain)) return Unprepared(statement, *plain);
  Deallocate(connection);
  const PgResultPtr stamped = PrepareEitherWay(connection, statement, PgStampedTemplate(statement));
  if (!Succeeded(stamped)) {
    const bool not_a_query = SqlState(*stamped) == kSyntaxError;
    return Fail(ErrorCode::kSourceError,
                not_a_query ? "a product's query is SELECT, VALUES, TABLE or WITH … SELECT" : AuthorMessage(*stamped));
  }
  std::string not_permitted = statement.run_as ? WhyNotPermitted(connection, statement) : "";
  if (!not_permitted.empty()) return Refused(std::move(not_permitted));
  Result<Description> description = Columns(connection, PgColumns::kAfterStamp);
  if (description) description->filled_singly = WhyFilledSingly(connection, statement);
  return description;
}

Result<Description> DescribePgWrite(PGconn* connection, const SqlStatement& statement) {
  const PgResultPtr prepared = PrepareEitherWay(connection, statement, PgNumberedTemplate(statement));
  if (!Succeeded(prepared)) return Fail(ErrorCode::kSourceError, PlacedMessage(statement, *prepared));
  const std::string not_permitted = WhyNotPermitted(connection, statement);
  if (!not_permitted.empty()) {
    return Fail(ErrorCode::kSourceError, fmt::format("the role of the url may not do this: {}", not_permitted));
  }
  return Columns(connection, PgColumns::kAll);
}

}  // namespace kck
