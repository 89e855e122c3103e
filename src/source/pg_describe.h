// PREPAREs a product's statement on a connection of its own, for `kck check` and start-up.
#pragma once

#include <libpq-fe.h>

#include "source/source.h"

namespace kck {

// Blocks. The error is PostgreSQL's message, after "line L column C: " where it names a place in the author's text.
// Says as well why the statement is filled singly, where it is. A statement that runs under a role or settings is
// prepared under these, for the rest of the session.
Result<Description> DescribePg(PGconn* connection, const SqlStatement& statement);

// The same for a statement that writes, on a connection that may write. Says so as well where the connection's role may
// not do what the statement does, as far as the plan shows it.
Result<Description> DescribePgWrite(PGconn* connection, const SqlStatement& statement);

}  // namespace kck
