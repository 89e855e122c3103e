// SQLite as updaters write it: one writer, as SQLite itself has, on a thread of its own, fed from a bounded queue.
#include <fmt/format.h>

#include <thread>

#include "base/log.h"
#include "source/sources.h"
#include "source/sqlite_holder.h"
#include "source/statement_queue.h"

namespace kck {
namespace {

constexpr std::size_t kWaitingMax = 10000;

class SqliteWriter : public Writer {
 public:
  explicit SqliteWriter(const DatabaseSettings& settings)
      : name_(settings.name),
        path_(SqlitePath(settings)),
        statement_timeout_(settings.statement_timeout),
        queue_(
            kWaitingMax,
            {ErrorCode::kOverloaded,
             fmt::format("{} writes wait for database {}; try again shortly", kWaitingMax, settings.name)},
            {ErrorCode::kSourceTimeout,
             fmt::format("database {} was busy with other writes for too long; nothing was written", settings.name)}) {
    threads_.emplace_back([this] { queue_.AnswerOverdue(); });
    threads_.emplace_back([this] { Run(); });
  }

  ~SqliteWriter() override {
    stop_ = true;
    queue_.Close();
  }

  void Write(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
             WriteCallback done) override {
    queue_.Push({std::move(statement), std::move(params), deadline, std::move(done)});
  }

  Result<Description> Describe(const SqlStatement& statement) override {
    auto connection = SqliteConnection::Open(path_, SqliteAccess::kWrite, LimitsUntil(TimePoint::max()));
    reachable_ = connection.has_value();
    if (!connection) return Failure(std::move(connection.error()));
    return (*connection)->Describe(statement);
  }

  bool Reachable() const override { return reachable_; }
  SqlDialect dialect() const override { return SqlDialect::kSqlite; }

 private:
  void Run() {
    SqliteHolder holder(path_, SqliteAccess::kWrite, reachable_);
    while (std::optional<WaitingStatement<Written>> write = queue_.Take()) write->done(Answer(holder, *write));
  }

  Result<Written> Answer(SqliteHolder& holder, const WaitingStatement<Written>& write) {
    Result<Written> written = Run(holder, write);
    if (written) return written;
    const Error& error = written.error();
    if (error.code == ErrorCode::kBadRequest) return written;
    std::string message = fmt::format("database {}: {}; nothing was written", name_, error.message);
    if (!stop_) LogWarning("{}", message);
    return Fail(error.code, std::move(message));
  }

  Result<Written> Run(SqliteHolder& holder, const WaitingStatement<Written>& write) {
    if (stop_) return Fail(ErrorCode::kSourceError, "it is being closed");
    const SqliteLimits limits = LimitsUntil(write.deadline);
    const Result<SqliteConnection*> connection = holder.Get(limits);
    if (!connection) return Failure(connection.error());
    Result<Written> written = (*connection)->Write(*write.statement, write.params, limits);
    if (!written && written.error().code == ErrorCode::kSourceError) holder.Drop();
    return written;
  }

  SqliteLimits LimitsUntil(TimePoint deadline) const {
    return {std::min(deadline, Clock::now() + statement_timeout_), &stop_};
  }

  const std::string name_;
  const std::string path_;
  const Duration statement_timeout_;
  std::atomic<bool> reachable_{false};
  std::atomic<bool> stop_{false};
  StatementQueue<Written> queue_;
  std::vector<std::jthread> threads_;  // last: they end before the rest goes
};

}  // namespace

std::shared_ptr<Writer> OpenSqliteWriter(const DatabaseSettings& settings) {
  return std::make_shared<SqliteWriter>(settings);
}

}  // namespace kck
