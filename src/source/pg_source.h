// PostgreSQL as a source: a pool of pipelined connections on a thread of its own.
#pragma once

#include <atomic>
#include <thread>

#include "base/thread_annotations.h"
#include "source/pg_connection.h"
#include "source/source.h"

namespace kck {

// A fill goes to the connection that has the fewest under way, and waits in a bounded queue while none has room. While
// no connection is there, it waits a quarter of a second, and fails then: a cache that knows that its database is gone
// should say so, or serve what it has. A fill whose connection is lost is sent once more, since it only reads.
//
// The destructor answers what is unanswered; it must not run inside a callback.
class PgSource : public Source, private PgConnectionOwner {
 public:
  explicit PgSource(DatabaseSettings settings);
  ~PgSource() override;

  void Fill(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
            FillCallback done) override;
  Result<Description> Describe(const SqlStatement& statement) override;
  bool Reachable() const override { return reachable_; }
  SqlDialect dialect() const override { return SqlDialect::kPostgres; }

 private:
  void ConnectionReady(const PgSession& session) override;
  void ConnectionLost(const Error& why, std::vector<PgFillPtr> unanswered) override;
  void StatementsEnded() override { Pump(); }
  void FillsReturned(std::vector<PgFillPtr> fills) override;

  void TakeIncoming();
  void Enqueue(const PgFillPtr& fill, bool first);
  void Dequeue(PgFill& fill);
  void Pump();
  // The connection with the least to do that may take this fill; null where none has room.
  PgConnection* BestConnection(bool in_batches);
  void SendFirst(PgConnection& connection, std::size_t keys_max);
  bool AnyReady() const;
  void AwaitConnection(PgFill& fill);
  void ArmTimer(const PgFillPtr& fill);
  void TimerFired(const PgFillPtr& fill);

  const DatabaseSettings settings_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::thread_pool starter_{1};

  std::atomic<bool> reachable_ = false;
  std::atomic<std::size_t> unfinished_ = 0;

  Mutex mutex_;
  std::vector<PgFillPtr> incoming_ KCK_GUARDED_BY(mutex_);

  // The thread's own, from here on.
  std::vector<std::unique_ptr<PgConnection>> connections_;
  std::list<PgFillPtr> queue_;
  PgBatches batches_;
  bool tried_ = false;      // a first try to connect has ended, well or not
  bool was_ready_ = false;  // some connection was, when last heard of
  bool outage_logged_ = false;
  bool identifier_warned_ = false;

  std::thread thread_;
};

}  // namespace kck
