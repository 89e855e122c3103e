// One connection to PostgreSQL that writes, a transaction a statement.
//
// Blocks. For one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/settings.h"
#include "source/pg_prepared.h"
#include "source/pg_session.h"
#include "source/pg_types.h"
#include "source/writer.h"

namespace kck {

class PgWriteSession {
 public:
  // Connects to a primary. `settings` outlive this.
  static Result<std::unique_ptr<PgWriteSession>> Open(const DatabaseSettings& settings);

  // Writer::Write, in this thread.
  Result<Written> Write(const SqlStatement& statement, const std::vector<ParamValue>& params, TimePoint deadline);

  // The connection is of no more use.
  bool broken() const { return broken_; }

  // The last Write failed before its statement ran, for a reason that a second try may not meet: the connection was
  // lost while it was idle, or the statement was prepared before the tables changed.
  bool may_repeat() const { return may_repeat_; }

 private:
  using Results = std::vector<PgResultPtr>;

  PgWriteSession(const DatabaseSettings& settings, PgConnected connected);

  Result<std::string> Prepare(const SqlStatement& statement, TimePoint deadline);
  Result<void> Begin(TimePoint deadline);
  Result<Written> Execute(const SqlStatement& statement, const std::string& name, const std::vector<ParamValue>& params,
                          TimePoint deadline);
  Result<std::string> Returning(const PGresult& rows, RowShape shape, TimePoint deadline);
  Result<void> Commit(Written& written, TimePoint deadline);
  void Rollback(TimePoint deadline);

  // The answer to what was sent, one result a statement; `sent` is what libpq said. The error is about the connection
  // or the time, and breaks this.
  Result<Results> Await(int sent, TimePoint deadline);
  bool AwaitSocket(bool wants_room, TimePoint deadline);
  Failure Break(ErrorCode code, std::string_view why);

  const DatabaseSettings& settings_;
  PgConnPtr connection_;
  const DatabaseIdentity identity_;
  PgTypes types_;
  PgPrepared prepared_;
  bool broken_ = false;
  bool may_repeat_ = false;
};

}  // namespace kck
