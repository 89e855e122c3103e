// Filling under a role and settings (model/run_as.h).
//
// They are set by set_config, local to the transaction, before the statement and before the same Sync: what a pipeline
// holds up to a Sync is one transaction, which is READ ONLY here as all of the session's are. With that Sync they are
// gone, however the statement ended, and no other statement can come between.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/product.h"
#include "model/run_as.h"

namespace kck {

// How many statements SendPgRunAs sends: one for all settings, one for the role.
int PgRunAsCount(const SqlStatement& statement);

// Puts them into libpq's buffer; false where it refuses. Values and role are bind parameters.
bool SendPgRunAs(PGconn* connection, const SqlStatement& statement, const std::vector<ParamValue>& params);

// True where keys with these parameters run under the same, so that one statement may fill both.
bool PgRunsAlike(const SqlStatement& statement, const std::vector<ParamValue>& a, const std::vector<ParamValue>& b);

// The id to prepare the statement under: its own, or one for each search_path where that depends on the key, since
// names mean other tables then, of other types.
std::uint64_t PgPreparedId(const SqlStatement& statement, const std::vector<ParamValue>& params);

// What clients are told where one of them failed with `left` of them to come, itself included. As StatementError, it
// quotes nothing.
Error RunAsError(const std::string& database, const SqlStatement& statement, int left, const PGresult& result);

// Sets them for the rest of the session, blocking, for `kck check`. Parameters have the value of their example; a
// setting of the author's own whose parameter has none is empty, another one is left out. What PostgreSQL says against
// it, or "".
std::string EnterPgRunAs(PGconn* connection, const RunAs& as);

}  // namespace kck
