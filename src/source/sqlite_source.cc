// SQLite as a source: reader threads, each with a connection of its own.
#include <algorithm>

#include "source/sources.h"
#include "source/sqlite_workers.h"

namespace kck {
namespace {

Result<Rows> Read(SqliteConnection& connection, const WaitingStatement<Rows>& fill, const SqliteLimits& limits) {
  return connection.Run(*fill.statement, fill.params, limits);
}

QueueRefusals FillRefusals(const std::string& database) {
  return {{ErrorCode::kOverloaded,
           fmt::format("{} fills wait for database {}; try again shortly", kStatementsWaitingMax, database)},
          {ErrorCode::kSourceTimeout,
           fmt::format("database {} had no reader free in time; raise its pool in kck.yml, or make its "
                       "statements faster",
                       database)}};
}

class SqliteSource : public Source {
 public:
  explicit SqliteSource(const DatabaseSettings& settings)
      : readers_(settings, SqliteAccess::kRead, {settings.pool, std::max(settings.refresh.connections, 1)},
                 FillRefusals(settings.name), Read, "") {}

  void Fill(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
            FillCallback done) override {
    readers_.Push({std::move(statement), std::move(params), deadline, std::move(done)});
  }

  // One by one: SQLite has no way to a server and back that a batch would save.
  void FillBehind(std::shared_ptr<const SqlStatement> statement, std::vector<FillRequest> fills,
                  TimePoint deadline) override {
    std::vector<WaitingStatement<Rows>> waiting;
    waiting.reserve(fills.size());
    for (FillRequest& fill : fills) {
      waiting.push_back({statement, std::move(fill.params), deadline, std::move(fill.done)});
    }
    readers_.PushBehind(std::move(waiting));
  }

  SourceStats stats() const override {
    SourceStats stats;
    stats.statements = readers_.statements();
    stats.behind_statements = readers_.behind_statements();
    return stats;
  }

  Result<Description> Describe(const SqlStatement& statement) override { return readers_.Describe(statement); }
  bool Reachable() const override { return readers_.reachable(); }
  SqlDialect dialect() const override { return SqlDialect::kSqlite; }

 private:
  SqliteWorkers<Rows> readers_;
};

}  // namespace

std::shared_ptr<Source> OpenSqliteSource(const DatabaseSettings& settings) {
  return std::make_shared<SqliteSource>(settings);
}

}  // namespace kck
