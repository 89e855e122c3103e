#include "refresh/source_database.h"

namespace kck {
namespace {

constexpr auto kProbeTimeout = std::chrono::seconds(5);

std::shared_ptr<const SqlStatement> ProbeStatement(SqlDialect dialect) {
  auto statement = std::make_shared<SqlStatement>();
  statement->sql = ParseSqlTemplate("select 1", dialect).value();
  statement->id = 1;  // a hash of no other statement, as good as certainly
  return statement;
}

}  // namespace

RefreshDatabase RefreshDatabaseOf(const DatabaseSettings& settings, std::shared_ptr<Source> source) {
  RefreshDatabase database;
  database.budget = settings.refresh;
  database.reachable = [source] { return source->Reachable(); };
  database.probe = [source, statement = ProbeStatement(settings.dialect)](auto done) {
    const TimePoint began = Clock::now();
    auto on_rows = [began, done = std::move(done)](const Result<Rows>& rows) {
      done(rows ? std::optional<Duration>(Clock::now() - began) : std::nullopt);
    };
    source->Fill(statement, {}, began + kProbeTimeout, std::move(on_rows));
  };
  return database;
}

}  // namespace kck
