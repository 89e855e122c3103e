// The threads that run statements on an SQLite file, each with a connection of its own, fed from one bounded queue.
//
// `Outcome` is what a statement brings: Rows of a fill, Written of a write. Any thread may call; the destructor waits
// for the statements that run.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "model/settings.h"
#include "source/sqlite_holder.h"
#include "source/statement_queue.h"

namespace kck {

struct SqliteThreads {
  int all = 1;
  int behind = 0;  // of these, those that also run what nobody waits for
};

template <typename Outcome>
class SqliteWorkers {
 public:
  using Waiting = WaitingStatement<Outcome>;
  using Work =
      std::function<Result<Outcome>(SqliteConnection& connection, const Waiting& waiting, const SqliteLimits& limits)>;

  // `work` runs a statement. `error_suffix` ends the message of what fails, but for what is the caller's fault
  // (KCKBadRequest).
  SqliteWorkers(const DatabaseSettings& settings, SqliteAccess access, SqliteThreads threads, QueueRefusals refusals,
                Work work, std::string error_suffix)
      : name_(settings.name),
        path_(SqlitePath(settings)),
        access_(access),
        statement_timeout_(settings.statement_timeout),
        work_(std::move(work)),
        error_suffix_(std::move(error_suffix)),
        queue_(std::move(refusals)) {
    threads_.emplace_back([this] { queue_.AnswerOverdue(); });
    for (int i = 0; i < threads.all; ++i) {
      threads_.emplace_back([this, behind_too = i < threads.behind] { RunAll(behind_too); });
    }
  }

  ~SqliteWorkers() {
    stop_ = true;
    queue_.Close();
  }

  void Push(Waiting waiting) { queue_.Push(std::move(waiting)); }
  void PushBehind(std::vector<Waiting> waiting) { queue_.PushBehind(std::move(waiting)); }

  // Describer::Describe, on a connection of its own.
  Result<Description> Describe(const SqlStatement& statement) {
    auto connection = SqliteConnection::Open(path_, access_, LimitsUntil(TimePoint::max()));
    reachable_ = connection.has_value();
    if (!connection) return Failure(std::move(connection.error()));
    return (*connection)->Describe(statement);
  }

  bool reachable() const { return reachable_; }

  std::uint64_t statements() const { return statements_; }  // that were run
  std::uint64_t behind_statements() const { return behind_statements_; }

 private:
  void RunAll(bool behind_too) {
    SqliteHolder holder(path_, access_, reachable_);
    while (std::optional<Waiting> waiting = queue_.Take(behind_too)) {
      statements_.fetch_add(1, std::memory_order_relaxed);
      if (waiting->behind) behind_statements_.fetch_add(1, std::memory_order_relaxed);
      waiting->done(Answer(holder, *waiting));
    }
  }

  Result<Outcome> Answer(SqliteHolder& holder, const Waiting& waiting) {
    Result<Outcome> outcome = Run(holder, waiting);
    if (outcome || outcome.error().code == ErrorCode::kBadRequest) return outcome;
    std::string message = fmt::format("database {}: {}{}", name_, outcome.error().message, error_suffix_);
    if (!stop_) LogWarning("{}", message);
    return Fail(outcome.error().code, std::move(message));
  }

  Result<Outcome> Run(SqliteHolder& holder, const Waiting& waiting) {
    if (stop_) return Fail(ErrorCode::kSourceError, "it is being closed");
    const SqliteLimits limits = LimitsUntil(waiting.deadline);
    const Result<SqliteConnection*> connection = holder.Get(limits);
    if (!connection) return Failure(connection.error());
    Result<Outcome> outcome = work_(**connection, waiting, limits);
    if (!outcome && outcome.error().code == ErrorCode::kSourceError) holder.Drop();
    return outcome;
  }

  SqliteLimits LimitsUntil(TimePoint deadline) const {
    return {std::min(deadline, Clock::now() + statement_timeout_), &stop_};
  }

  const std::string name_;
  const std::string path_;
  const SqliteAccess access_;
  const Duration statement_timeout_;
  const Work work_;
  const std::string error_suffix_;
  std::atomic<bool> reachable_{false};
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> statements_{0};
  std::atomic<std::uint64_t> behind_statements_{0};
  StatementQueue<Outcome> queue_;
  std::vector<std::jthread> threads_;  // last: they end before the rest goes
};

}  // namespace kck
