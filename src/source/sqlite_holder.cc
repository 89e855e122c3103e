#include "source/sqlite_holder.h"

namespace kck {

Result<SqliteConnection*> SqliteHolder::Get(const SqliteLimits& limits) {
  if (connection_ && connection_->HasMoved()) connection_.reset();
  if (connection_) return connection_.get();
  auto opened = SqliteConnection::Open(path_, access_, limits);
  reachable_ = opened.has_value();
  if (!opened) return Fail(opened.error().code, "its file is locked or cannot be opened; kck check says why");
  connection_ = *std::move(opened);
  return connection_.get();
}

}  // namespace kck
