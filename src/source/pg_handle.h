// Owners of what libpq hands out.
#pragma once

#include <libpq-fe.h>

#include <memory>

namespace kck {

struct PgFree {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

using PgConnPtr = std::unique_ptr<PGconn, PgFree>;
using PgResultPtr = std::unique_ptr<PGresult, PgFree>;
using PgOptionsPtr = std::unique_ptr<PQconninfoOption, PgFree>;

}  // namespace kck
