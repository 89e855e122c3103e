// SQLite as updaters write it: one writer, as SQLite itself has, on a thread of its own.
#include "source/sources.h"
#include "source/sqlite_workers.h"
#include "source/writer.h"

namespace kck {
namespace {

Result<Written> RunWrite(SqliteConnection& connection, const WaitingStatement<Written>& write,
                         const SqliteLimits& limits) {
  return connection.Write(*write.statement, write.params, limits);
}

class SqliteWriter : public Writer {
 public:
  explicit SqliteWriter(const DatabaseSettings& settings)
      : thread_(settings, SqliteAccess::kWrite, {}, WriteRefusals(settings.name), RunWrite, "; nothing was written") {}

  void Write(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
             WriteCallback done) override {
    thread_.Push({std::move(statement), std::move(params), deadline, std::move(done)});
  }

  Result<Description> Describe(const SqlStatement& statement) override { return thread_.Describe(statement); }
  bool Reachable() const override { return thread_.reachable(); }
  SqlDialect dialect() const override { return SqlDialect::kSqlite; }

 private:
  SqliteWorkers<Written> thread_;
};

}  // namespace

std::shared_ptr<Writer> OpenSqliteWriter(const DatabaseSettings& settings) {
  return std::make_shared<SqliteWriter>(settings);
}

}  // namespace kck
