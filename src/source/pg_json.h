// PostgreSQL's rows as JSON text; PgKind says which type becomes what.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/product.h"
#include "source/pg_types.h"
#include "source/source.h"

namespace kck {

// Appends a value, given as PostgreSQL's text under the session settings of pg_session.cc. False, with `out` undefined,
// where the text does not fit the type: the type was altered after it was read.
bool AppendPgValue(std::string& out, const PgTypes& types, Oid type, std::string_view text);

// Which columns are the statement's: those of a stamped result (pg_statement.h) come after the stamp, those of a batch
// (pg_batch.h) after the columns of its own.
enum class PgColumns { kAll = 0, kAfterStamp = 1, kAfterHit = 3, kAfterOrder = 4 };

// The types of these columns.
std::vector<Oid> PgColumnTypes(const PGresult& result, PgColumns columns);

// Fills in json, row_count and stamp from a stamped result. kSourceError where two columns of a product of objects have
// one name, or a type was altered meanwhile.
Result<Rows> PgRows(const PGresult& result, const PgTypes& types, RowShape shape);

// The same for each of the `keys` of a batch's result.
Result<std::vector<Rows>> PgRowsOfBatch(const PGresult& result, const PgTypes& types, RowShape shape, PgColumns columns,
                                        std::size_t keys);

// The rows of a result without a stamp as a JSON list; "[]" where the statement returns none. Errors as PgRows.
Result<std::string> PgReturning(const PGresult& result, const PgTypes& types, RowShape shape);

}  // namespace kck
