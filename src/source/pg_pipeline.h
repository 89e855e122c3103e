// The fills under way on one connection: sends them, takes their answers in order, reads unknown types on the way.
//
// Each fill, or batch of fills, is followed by a Sync of its own, which makes it a transaction of its own: a statement
// that fails takes no other with it. Thread of the source only. Waiting for the socket and flushing are the
// connection's.
#pragma once

#include <deque>
#include <functional>

#include "source/pg_fill.h"
#include "source/pg_handle.h"
#include "source/pg_prepared.h"
#include "source/pg_types.h"

namespace kck {

class PgPipeline {
 public:
  // `connection` is in pipeline mode.
  PgPipeline(PgConnPtr connection, DatabaseIdentity identity, std::string database);

  PGconn* connection() const { return connection_.get(); }

  // Puts the fill into libpq's buffer; it is for the caller to flush it.
  void Send(const PgFillPtr& fill);

  // The same for fills of one statement, which are computed together: at least two.
  void SendBatch(std::vector<PgFillPtr> fills);

  // Takes what libpq has read, and answers the fills that it completes, but for those of batches. How many statements
  // ended.
  std::size_t Receive();

  // Answers the fills of the batches that ended. Thousands take a while, in which the database can compute others: to
  // be called once these are sent.
  void AnswerBatches();

  // The fills of batches that failed, to be sent again in smaller ones or alone. They are not answered yet.
  std::vector<PgFillPtr> TakeReturned() { return std::exchange(returned_, {}); }

  // The fills that are not answered; the pipeline forgets them.
  std::vector<PgFillPtr> TakeUnanswered();

  std::size_t in_flight() const { return exchanges_.size(); }
  std::size_t behind_in_flight() const { return behind_in_flight_; }  // of these, those that no reader waits for
  TimePoint head_since() const { return head_since_; }                // when the first in flight got its turn

  // True once libpq refused to send: the connection is of no more use.
  bool broken() const { return broken_; }

 private:
  // What was sent up to one Sync.
  struct Exchange {
    PgFillPtr fill;                      // null: a batch, or the answer does not matter
    std::vector<PgFillPtr> batch;        // computed together
    std::shared_ptr<PgBatchState> asks;  // set: whether this statement calls volatile functions
    std::uint64_t prepared_id = 0;       // PgPrepared's, of the statement that it executes
    std::string prepared;                // its name
    int run_as_left = 0;                 // statements that set its role and settings, and have not been answered
    bool preparing = false;              // it began with a PREPARE that has not been answered
    std::optional<Error> prepare_error;  // of that name, by an exchange before this one
    bool unprepared = false;             // that name was never prepared, for a reason that does not concern this one
    PgResultPtr result;                  // rows, or the error
    PgResultPtr awaiting_types;          // set: this exchange reads types, to render these rows of the fill
    std::uint32_t cost_us = 0;           // of the fill, or of all of the batch

    bool behind() const;
  };

  // For how long the first in flight has had its turn, in microseconds.
  std::uint32_t HeadUs() const;
  void Push(Exchange exchange, int sent);
  Exchange Pop();
  // Sets what the statement runs as, and finds the name to execute; a PREPARE, by `send`, comes first where it has to.
  bool Prepare(std::uint64_t id, Exchange& exchange, const std::function<bool(const std::string& name)>& send);
  bool SendPrepare(const PgFill& fill, const std::string& name);
  bool SendBatchPrepare(const SqlStatement& statement, const std::string& name);
  bool SendBatchExecute(const Exchange& exchange);
  // Of one whose role or settings were refused: its PREPARE did not take place.
  void TellUnprepared(const Exchange& exchange);
  Error ErrorOf(const Exchange& exchange) const;
  void AskForVolatile(const SqlStatement& statement, const std::shared_ptr<PgBatchState>& state);
  bool SendExecute(const PgFill& fill, const std::string& name);
  void Deallocate(const std::string& name);
  // What the database shows of the session until Unname: that it works for a trace. One that is not sampled costs
  // nothing.
  bool NameAfter(const TracePtr& trace);
  void Unname();
  void Complete(Exchange exchange);
  void CompleteFailed(Exchange exchange);
  void CompleteUnprepared(const Exchange& exchange, std::string_view state, Error error);
  void CompleteRows(Exchange exchange);
  void TakeVolatile(const Exchange& exchange);
  void CompleteBatch(Exchange exchange);
  void ReturnBatch(Exchange exchange);
  void ReadTypes(Exchange exchange, const std::vector<Oid>& types);
  void Render(const PgFillPtr& fill, const PGresult& rows, std::uint32_t cost_us);
  void RenderBatch(const Exchange& exchange);

  PgConnPtr connection_;
  DatabaseIdentity identity_;
  std::string database_;
  PgTypes types_;
  PgPrepared prepared_;
  std::deque<Exchange> exchanges_;
  std::size_t behind_in_flight_ = 0;
  std::vector<PgFillPtr> returned_;
  std::vector<Exchange> ended_batches_;  // their results are there, and all types that they hold
  TimePoint head_since_;
  bool broken_ = false;
};

}  // namespace kck
