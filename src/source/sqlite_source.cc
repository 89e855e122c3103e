// SQLite as a source: reader threads, each with a connection of its own.
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
      : readers_(settings, SqliteAccess::kRead, settings.pool, FillRefusals(settings.name), Read, "") {}

  void Fill(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
            FillCallback done) override {
    readers_.Push({std::move(statement), std::move(params), deadline, std::move(done)});
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
