// PostgreSQL as a source: a pool of pipelined connections on a thread of its own.
#pragma once

#include <atomic>
#include <thread>

#include "base/thread_annotations.h"
#include "source/pg_connection.h"
#include "source/pg_fill_queue.h"
#include "source/source.h"

namespace kck {

// A fill goes to the connection that has the fewest under way, and waits in a bounded queue while none has room. Fills
// that nobody waits for have a queue of their own, which gets its turn while the other is empty, and at most one
// statement a connection, on RefreshBudget::connections of them: a reader waits for one batch at most, and only where
// there is no connection without one.
//
// While no connection is there, it waits a quarter of a second, and fails then: a cache that knows that its database is
// gone should say so, or serve what it has. A fill whose connection is lost is sent once more, since it only reads.
//
// The destructor answers what is unanswered; it must not run inside a callback.
class PgSource : public Source, private PgConnectionOwner {
 public:
  explicit PgSource(DatabaseSettings settings);
  ~PgSource() override;

  void Fill(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
            FillCallback done) override;
  void FillTraced(std::shared_ptr<const SqlStatement> statement, FillRequest fill, TimePoint deadline) override;
  void FillBehind(std::shared_ptr<const SqlStatement> statement, std::vector<FillRequest> fills,
                  TimePoint deadline) override;
  SourceStats stats() const override;
  Result<Description> Describe(const SqlStatement& statement) override;
  bool Reachable() const override { return reachable_; }
  SqlDialect dialect() const override { return SqlDialect::kPostgres; }

 private:
  void ConnectionReady(const PgSession& session) override;
  void ConnectionLost(const Error& why, std::vector<PgFillPtr> unanswered) override;
  void StatementsEnded() override { Pump(); }
  void FillsReturned(std::vector<PgFillPtr> fills) override;

  void Take(PgFillGroupPtr group);
  void TakeIncoming();
  PgFillQueue& QueueOf(const PgFillGroup& group) { return group.behind ? behind_ : readers_; }
  void Pump();
  // Sends what is first in the queue. False where nothing is, or no connection has room.
  bool SendFrom(PgFillQueue& queue);
  void Count(std::size_t keys, bool behind);
  // The connection with the least to do that may take a fill; null where none has room.
  PgConnection* BestForReader(bool in_batches);
  PgConnection* BestForBehind();
  bool AnyReady() const;
  void AwaitConnection(PgFillGroup& group);
  void AwaitConnections(const PgFillQueue& queue);
  void ArmTimer(const PgFillGroupPtr& group);
  void TimerFired(const PgFillGroupPtr& group);
  // Those that wait for a connection, or all.
  void GiveUp(PgFillGroup& group, bool queued_only, const Error& why);

  const DatabaseSettings settings_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::thread_pool starter_{1};

  std::atomic<bool> reachable_ = false;
  std::atomic<std::size_t> unfinished_readers_ = 0;
  std::atomic<std::size_t> unfinished_behind_ = 0;

  std::atomic<std::uint64_t> statements_ = 0;
  std::atomic<std::uint64_t> behind_statements_ = 0;
  std::atomic<std::uint64_t> batch_count_ = 0;
  std::atomic<std::uint64_t> batch_keys_ = 0;

  Mutex mutex_;
  std::vector<PgFillGroupPtr> incoming_ KCK_GUARDED_BY(mutex_);

  // The thread's own, from here on.
  std::vector<std::unique_ptr<PgConnection>> connections_;
  PgFillQueue readers_;
  PgFillQueue behind_;
  PgBatches batches_;
  bool tried_ = false;      // a first try to connect has ended, well or not
  bool was_ready_ = false;  // some connection was, when last heard of
  bool outage_logged_ = false;
  bool identifier_warned_ = false;

  std::thread thread_;
};

}  // namespace kck
