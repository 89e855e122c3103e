// SQLite as a source: reader threads, each with a connection of its own, fed from one bounded queue.
#include <fmt/format.h>

#include <thread>

#include "base/log.h"
#include "source/sources.h"
#include "source/sqlite_connection.h"
#include "source/sqlite_queue.h"

namespace kck {
namespace {

constexpr std::size_t kWaitingMax = 10000;
constexpr std::string_view kScheme = "sqlite:";

class SqliteSource : public Source {
 public:
  explicit SqliteSource(const DatabaseSettings& settings)
      : name_(settings.name),
        path_(settings.url.substr(kScheme.size())),
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
    auto connection = SqliteConnection::Open(path_, LimitsUntil(TimePoint::max()));
    reachable_ = connection.has_value();
    if (!connection) return Failure(std::move(connection.error()));
    return (*connection)->Describe(statement);
  }

  bool Reachable() const override { return reachable_; }
  SqlDialect dialect() const override { return SqlDialect::kSqlite; }

 private:
  void Read() {
    std::unique_ptr<SqliteConnection> connection;
    while (std::optional<WaitingFill> fill = queue_.Take()) fill->done(Answer(connection, *fill));
  }

  Result<Rows> Answer(std::unique_ptr<SqliteConnection>& connection, const WaitingFill& fill) {
    Result<Rows> rows = Run(connection, fill);
    if (rows) return rows;
    std::string message = fmt::format("database {}: {}", name_, rows.error().message);
    if (!stop_) LogWarning("{}", message);
    return Fail(rows.error().code, std::move(message));
  }

  Result<Rows> Run(std::unique_ptr<SqliteConnection>& connection, const WaitingFill& fill) {
    if (stop_) return Fail(ErrorCode::kSourceError, "it is being closed");
    const SqliteLimits limits = LimitsUntil(fill.deadline);
    // A file that took the place of the one that is open is the database from now on.
    if (connection && connection->HasMoved()) connection.reset();
    if (!connection) {
      auto opened = SqliteConnection::Open(path_, limits);
      reachable_ = opened.has_value();
      if (!opened) return Fail(opened.error().code, "its file is locked or cannot be opened; kck check says why");
      connection = *std::move(opened);
    }
    Result<Rows> rows = connection->Run(*fill.statement, fill.params, limits);
    // What failed may be the connection itself, so the next fill begins with a new one.
    if (!rows && rows.error().code == ErrorCode::kSourceError) connection.reset();
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
  SqliteQueue queue_;
  std::vector<std::jthread> threads_;  // last: they end before the rest goes
};

}  // namespace

std::shared_ptr<Source> OpenSqliteSource(const DatabaseSettings& settings) {
  return std::make_shared<SqliteSource>(settings);
}

}  // namespace kck
