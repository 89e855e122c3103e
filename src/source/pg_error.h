// PostgreSQL's refusals as KCK's errors.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace kck {

// Neither rows nor the end of a command.
bool IsError(const PGresult& result);

// The SQLSTATE of a failed result; empty where it has none.
std::string_view SqlState(const PGresult& result);

// What clients are told of a failed statement: the kind of failure, never PostgreSQL's own words, which may quote the
// statement or its parameters.
Error StatementError(const std::string& database, const PGresult& result);

// The statement is not prepared here any more (somebody ran DISCARD or DEALLOCATE), or its columns changed (DDL).
// Preparing it again may cure either.
bool IsStaleStatement(std::string_view sql_state);

// The same for a write. KCKBadRequest where its values are at fault: the message names constraint and column, never a
// value.
Error WriteError(const std::string& database, const PGresult& result);

// The fields of a result's message that help the author: the message, and the hint where there is one.
std::string AuthorMessage(const PGresult& result);

// libpq's message of a connection, on one line.
std::string ConnectionMessage(const PGconn* connection);

}  // namespace kck
