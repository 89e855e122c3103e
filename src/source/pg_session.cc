#include "source/pg_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "source/pg_error.h"

namespace kck {
namespace {

// Readers: REPEATABLE READ, so that the queries inside VOLATILE functions read the very snapshot that the statement is
// stamped with; under READ COMMITTED each would take a newer one. READ ONLY, since what a fill wrote would be written
// again by each refresh. The formats are those that pg_json.cc turns into JSON; the zone is UTC, so that a timestamp
// has one meaning in keys and in values.
constexpr std::string_view kSessionSql = R"(
set default_transaction_read_only = {read_only};
set default_transaction_isolation = '{isolation}';
set default_transaction_deferrable = off;
set statement_timeout = {timeout_ms};
set idle_in_transaction_session_timeout = 0;
set standard_conforming_strings = on;
set timezone = 'UTC';
set datestyle = 'ISO';
set intervalstyle = 'iso_8601';
set extra_float_digits = 1;
set bytea_output = 'hex';
select pg_catalog.pg_is_in_recovery(),
       case when not pg_catalog.pg_is_in_recovery()
            then pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) end,
       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute');
)";

constexpr std::size_t kTimelineDigits = 8;  // hexadecimal, at the start of a WAL file's name

bool IsTrue(const PGresult& result, int column) { return std::string_view(PQgetvalue(&result, 0, column)) == "t"; }

// What comes before the URL is a default that the URL may change; what comes after it holds in any case. A peer that is
// gone without a word is noticed in seconds.
struct Keywords {
  explicit Keywords(const DatabaseSettings& settings)
      : values{"5", "10000", "10", "5", "3", "primary", "kck", settings.url.c_str(), "UTF8", nullptr} {}

  const char* names[10] = {
      "connect_timeout",      "tcp_user_timeout",          "keepalives_idle", "keepalives_interval", "keepalives_count",
      "target_session_attrs", "fallback_application_name", "dbname",          "client_encoding",     nullptr};
  const char* values[10];
};

}  // namespace

std::string PgUrlFault(const std::string& url) {
  const PgOptionsPtr options(PQconninfoParse(url.c_str(), nullptr));
  if (options) return "";
  return "its url cannot be read; the form is postgresql://user:password@host:port/name, special characters as %XX";
}

PgConnPtr StartPgConnection(const DatabaseSettings& settings) {
  const Keywords keywords(settings);
  return PgConnPtr(PQconnectStartParams(keywords.names, keywords.values, 1));
}

Result<PgConnected> ConnectPg(const DatabaseSettings& settings, PgAccess access) {
  const auto unreachable = [&](const std::string& why) { return Failure(UnreachableError(settings.name, why)); };
  const std::string url_fault = PgUrlFault(settings.url);
  if (!url_fault.empty()) return unreachable(url_fault);
  const Keywords keywords(settings);
  PgConnPtr connection(PQconnectdbParams(keywords.names, keywords.values, 1));
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return unreachable(ConnectionMessage(connection.get()) + "; is the url right, and the server up and a primary?");
  }
  PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
  const PgResultPtr result(PQexec(connection.get(), SessionSql(settings, access).c_str()));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return unreachable(ConnectionMessage(connection.get()));
  Result<PgSession> session = ReadPgSession(*result);
  if (!session) return unreachable(session.error().message);
  if (session->may_read_identifier) {
    const PgResultPtr identifier(PQexec(connection.get(), kIdentifierSql));
    if (PQresultStatus(identifier.get()) != PGRES_TUPLES_OK) return unreachable(ConnectionMessage(connection.get()));
    TakeIdentifier(*identifier, *session);
  }
  return PgConnected{std::move(connection), *session};
}

std::string SessionSql(const DatabaseSettings& settings, PgAccess access) {
  const bool reads = access == PgAccess::kRead;
  return fmt::format(kSessionSql, fmt::arg("read_only", reads ? "on" : "off"),
                     fmt::arg("isolation", reads ? "repeatable read" : "read committed"),
                     fmt::arg("timeout_ms", settings.statement_timeout.count()));
}

Result<PgSession> ReadPgSession(const PGresult& result) {
  if (IsTrue(result, 0)) {
    return Fail(ErrorCode::kSourceError, "the server is a standby; the url must lead to the primary");
  }
  PgSession session;
  // The name of the WAL file being written has the timeline at once after a promotion; the control file has it only
  // after the next checkpoint.
  const std::string_view wal_file(PQgetvalue(&result, 0, 1));
  std::from_chars(wal_file.data(), wal_file.data() + std::min(wal_file.size(), kTimelineDigits),
                  session.identity.timeline, 16);
  session.may_read_identifier = IsTrue(result, 2);
  return session;
}

void TakeIdentifier(const PGresult& result, PgSession& session) {
  // The function gives a signed number; its bits are the identifier.
  std::int64_t identifier = 0;
  const std::string_view text(PQgetvalue(&result, 0, 0));
  std::from_chars(text.data(), text.data() + text.size(), identifier);
  session.identity.system_identifier = static_cast<std::uint64_t>(identifier);
}

Error UnreachableError(const std::string& database, const std::string& detail) {
  std::string message = fmt::format("database {} cannot be reached", database);
  if (!detail.empty()) message += ": " + detail;
  return {ErrorCode::kSourceError, std::move(message)};
}

}  // namespace kck
