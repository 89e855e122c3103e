// What KCK asks of a session before it trusts it: its settings, and that it leads to a primary.
//
// Used by the pool's connections, which do the talking without blocking, and by writers and Describe, which block.
#pragma once

#include <string>

#include "base/result.h"
#include "model/settings.h"
#include "source/pg_handle.h"
#include "source/source.h"

namespace kck {

// Why libpq cannot read the URL, or "". Not in libpq's own words, which may quote the password. Held against every URL
// before it is connected to.
std::string PgUrlFault(const std::string& url);

// Begins a connection, as PQconnectStart does (PQconnectPoll goes on with it). May block while it looks a host name up.
// Never null; PQstatus says whether it failed.
PgConnPtr StartPgConnection(const DatabaseSettings& settings);

// What a session is for. One that reads is READ ONLY and REPEATABLE READ; one that writes is READ COMMITTED, so that
// writes of one row wait for each other instead of failing.
enum class PgAccess { kRead, kWrite };

struct PgSession {
  DatabaseIdentity identity;
  bool may_read_identifier = false;  // then kIdentifierSql brings the system identifier
};

struct PgConnected {
  PgConnPtr connection;
  PgSession session;
};

// Connects to a primary and sets the session up, blocking. The error begins "database NAME cannot be reached".
Result<PgConnected> ConnectPg(const DatabaseSettings& settings, PgAccess access);

// Statements that set a session up; the last brings one row for ReadPgSession.
std::string SessionSql(const DatabaseSettings& settings, PgAccess access);

// Takes the row of SessionSql. An error where the server is a standby.
Result<PgSession> ReadPgSession(const PGresult& result);

// Brings the system identifier, for TakeIdentifier.
inline constexpr const char* kIdentifierSql = "select system_identifier from pg_catalog.pg_control_system()";
void TakeIdentifier(const PGresult& result, PgSession& session);

// "database NAME cannot be reached: …", without the detail where it is empty.
Error UnreachableError(const std::string& database, const std::string& detail);

}  // namespace kck
