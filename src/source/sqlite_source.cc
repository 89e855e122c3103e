// SQLite as a source: reader threads, each with a connection of its own, fed from one bounded queue.
#include <fmt/format.h>

#include <thread>

#include "base/log.h"
#include "source/sources.h"
#include "source/sqlite_holder.h"
#include "source/statement_queue.h"

namespace kck {
namespace {

constexpr std::size_t kWaitingMax = 10000;

class SqliteSource : public Source {
 public:
  explicit SqliteSource(const DatabaseSettings& settings)
      : name_(settings.name),
        path_(SqlitePath(settings)),
        statement_timeout_(settings.statement_timeout),
        queue_(kWaitingMax,
               {ErrorCode::kOverloaded,
                fmt::format("{} fills wait for database {}; try again shortly", kWaitingMax, settings.name)},
               {ErrorCode::kSourceTimeout,
                fmt::format("database {} had no reader free in time; raise its pool in kck.yml, or make its "
                            "statements faster",
                            settings.name)}) {
    threads_.emplace_back([this] { queue_.AnswerOverdue(); });
    for (int i = 0; i < settings.pool; ++i) threads_.emplace_back([this] { Read(); });
  }

  ~SqliteSource() override {
    stop_ = true;
    queue_.Close();
  }

  void Fill(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
            FillCallback done) override {
    queue_.Push({std::move(statement), std::move(params), deadline, std::move(done)});
  }

  Result<Description> Describe(const SqlStatement& statement) override {
    auto connection = SqliteConnection::Open(path_, SqliteAccess::kRead, LimitsUntil(TimePoint::max()));
    reachable_ = connection.has_value();
    if (!connection) return Failure(std::move(connection.error()));
    return (*connection)->Describe(statement);
  }

  bool Reachable() const override { return reachable_; }
  SqlDialect dialect() const override { return SqlDialect::kSqlite; }

 private:
  void Read() {
    SqliteHolder holder(path_, SqliteAccess::kRead, reachable_);
    while (std::optional<WaitingStatement<Rows>> fill = queue_.Take()) fill->done(Answer(holder, *fill));
  }

  Result<Rows> Answer(SqliteHolder& holder, const WaitingStatement<Rows>& fill) {
    Result<Rows> rows = Run(holder, fill);
    if (rows) return rows;
    std::string message = fmt::format("database {}: {}", name_, rows.error().message);
    if (!stop_) LogWarning("{}", message);
    return Fail(rows.error().code, std::move(message));
  }

  Result<Rows> Run(SqliteHolder& holder, const WaitingStatement<Rows>& fill) {
    if (stop_) return Fail(ErrorCode::kSourceError, "it is being closed");
    const SqliteLimits limits = LimitsUntil(fill.deadline);
    const Result<SqliteConnection*> connection = holder.Get(limits);
    if (!connection) return Failure(connection.error());
    Result<Rows> rows = (*connection)->Run(*fill.statement, fill.params, limits);
    if (!rows && rows.error().code == ErrorCode::kSourceError) holder.Drop();
    return rows;
  }

  SqliteLimits LimitsUntil(TimePoint deadline) const {
    return {std::min(deadline, Clock::now() + statement_timeout_), &stop_};
  }

  const std::string name_;
  const std::string path_;
  const Duration statement_timeout_;
  std::atomic<bool> reachable_{false};
  std::atomic<bool> stop_{false};
  StatementQueue<Rows> queue_;
  std::vector<std::jthread> threads_;  // last: they end before the rest goes
};

}  // namespace

std::shared_ptr<Source> OpenSqliteSource(const DatabaseSettings& settings) {
  return std::make_shared<SqliteSource>(settings);
}

}  // namespace kck
