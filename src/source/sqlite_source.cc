// SQLite as a source: reader threads, each with a connection of its own, fed from one bounded queue.
#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <thread>

#include "base/log.h"
#include "base/thread_annotations.h"
#include "source/sources.h"
#include "source/sqlite_connection.h"

namespace kck {
namespace {

constexpr std::size_t kWaitingMax = 10000;
constexpr std::string_view kScheme = "sqlite:";

struct WaitingFill {
  std::shared_ptr<const SqlStatement> statement;
  std::vector<ParamValue> params;
  TimePoint deadline;
  Source::FillCallback done;
};

class SqliteSource : public Source {
 public:
  explicit SqliteSource(const DatabaseSettings& settings)
      : name_(settings.name),
        path_(settings.url.substr(kScheme.size())),
        statement_timeout_(settings.statement_timeout) {
    for (int i = 0; i < settings.pool; ++i) readers_.emplace_back([this] { Read(); });
  }

  ~SqliteSource() override {
    {
      MutexLock lock(mutex_);
      stop_ = true;
    }
    added_.notify_all();
  }

  void Fill(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
            FillCallback done) override {
    {
      MutexLock lock(mutex_);
      waiting_.push_back({std::move(statement), std::move(params), deadline, std::move(done)});
    }
    added_.notify_one();
  }

  Result<Description> Describe(const SqlStatement& statement) override {
    auto connection = SqliteConnection::Open(path_);
    reachable_ = connection.has_value();
    if (!connection) return Failure(std::move(connection.error()));
    return (*connection)->Describe(statement);
  }

  bool Reachable() const override { return reachable_; }
  SqlDialect dialect() const override { return SqlDialect::kSqlite; }

 private:
  void Read() {
    std::unique_ptr<SqliteConnection> connection;
    while (true) {
      WaitingFill fill;
      bool overloaded = false;
      {
        std::unique_lock lock(mutex_.native());
        added_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        // What is past the bound is refused by a reader, since a callback never runs inside the call. The engine's own
        // bound of flights covers the time until one is free.
        overloaded = waiting_.size() > kWaitingMax;
        fill = std::move(overloaded ? waiting_.back() : waiting_.front());
        overloaded ? waiting_.pop_back() : waiting_.pop_front();
      }
      fill.done(overloaded ? Fail(ErrorCode::kOverloaded, fmt::format("too many fills wait for database {}", name_))
                           : Run(connection, fill));
    }
  }

  Result<Rows> Run(std::unique_ptr<SqliteConnection>& connection, const WaitingFill& fill) {
    if (stop_) return Fail(ErrorCode::kSourceError, fmt::format("database {} is being closed", name_));
    const TimePoint now = Clock::now();
    if (now >= fill.deadline) return Fail(ErrorCode::kSourceTimeout, fmt::format("database {} is too busy", name_));
    if (!connection) {
      auto opened = SqliteConnection::Open(path_);
      reachable_ = opened.has_value();
      if (!opened) {
        LogWarning("database {}: {}", name_, opened.error().message);
        return Fail(ErrorCode::kSourceError, fmt::format("database {} cannot be opened", name_));
      }
      connection = *std::move(opened);
    }
    Result<Rows> rows =
        connection->Run(*fill.statement, fill.params, std::min(fill.deadline, now + statement_timeout_), stop_);
    if (rows) return rows;
    // The next fill begins with a new connection: the file may have been replaced.
    connection.reset();
    if (rows.error().code == ErrorCode::kSourceTimeout)
      return Fail(ErrorCode::kSourceTimeout, "the statement took too long");
    LogWarning("database {}: {}", name_, rows.error().message);
    return Fail(ErrorCode::kSourceError,
                fmt::format("database {} refused the statement; the server's log says why", name_));
  }

  const std::string name_;
  const std::string path_;
  const Duration statement_timeout_;
  std::atomic<bool> reachable_{false};
  std::atomic<bool> stop_{false};  // set under mutex_, so that no reader misses it
  Mutex mutex_;
  std::condition_variable added_;      // with mutex_
  std::deque<WaitingFill> waiting_;    // guarded by mutex_
  std::vector<std::jthread> readers_;  // last: they end before the rest goes
};

}  // namespace

std::shared_ptr<Source> OpenSqliteSource(const DatabaseSettings& settings) {
  return std::make_shared<SqliteSource>(settings);
}

}  // namespace kck
