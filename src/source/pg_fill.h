// Fills on their way through a PostgreSQL source.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "source/pg_batch.h"
#include "source/pg_statement.h"
#include "source/source.h"

namespace kck {

class PgFillGroup;

// Made by the caller's thread, then used by the source's thread alone.
class PgFill {
 public:
  PgFill(PgFillGroup& group, Source::FillRequest request);

  // Answers the caller. A second answer is dropped: what comes after the deadline, say.
  void Finish(Result<Rows> rows);
  bool finished() const { return !done_; }

  PgFillGroup& group() const { return *group_; }
  const std::shared_ptr<const SqlStatement>& statement() const;
  PgBatchState& batches() const;
  bool behind() const;

  std::vector<ParamValue> params;
  TracePtr trace;                // as FillRequest has it
  bool holds_zero_byte = false;  // in a parameter: a fault of its own key, told where it is filled alone

  // Where it waits for a connection.
  std::optional<std::list<std::shared_ptr<PgFill>>::iterator> queued;

  std::size_t batch_keys_max = SIZE_MAX;  // halved by each batch that failed
  std::uint32_t spent_us = 0;             // its share of those batches, which is part of its cost

  // What a connection remembers between two tries.
  int connections_lost = 0;      // while it was under way on them
  int stale_statements_met = 0;  // prepared statements that were gone or did not fit any more
  PgTyping typing = PgTyping::kDeclared;
  std::optional<Error> declared_typing_error;

 private:
  PgFillGroup* group_;
  Source::FillCallback done_;
};

// Keeps the fill's group.
using PgFillPtr = std::shared_ptr<PgFill>;

// Fills of one statement that came together: one that a reader waits for, or many that nobody does. They share what
// would cost each of thousands a timer and a block of memory.
class PgFillGroup {
 public:
  // Takes the requests. `unfinished` counts the fills that are not answered, of all groups like this one; past
  // `unfinished_max`, those of this group are refused.
  PgFillGroup(const boost::asio::any_io_executor& executor, std::shared_ptr<const SqlStatement> sql,
              std::span<Source::FillRequest> requests, TimePoint answer_by, bool nobody_waits,
              std::atomic<std::size_t>& unfinished, std::size_t unfinished_max);
  PgFillGroup(const PgFillGroup&) = delete;
  PgFillGroup& operator=(const PgFillGroup&) = delete;

  // Of one of the fills.
  void Finished();

  bool all_finished() const { return unanswered_ == 0; }

  const std::shared_ptr<const SqlStatement> statement;
  const TimePoint deadline;
  const bool behind;          // Source::FillBehind
  std::vector<PgFill> fills;  // stay where they are
  std::size_t accepted = 0;   // the fills from here on are refused

  boost::asio::steady_timer timer;  // the pool's: deadline, and the wait for a connection
  std::size_t queued = 0;           // how many wait for a connection
  TimePoint connection_awaited_until;

  // How they may be filled together (pg_batch.h); set as the source's thread takes them.
  std::shared_ptr<PgBatchState> batches;

 private:
  std::size_t unanswered_;
  std::atomic<std::size_t>& unfinished_;
};

using PgFillGroupPtr = std::shared_ptr<PgFillGroup>;

inline const std::shared_ptr<const SqlStatement>& PgFill::statement() const { return group_->statement; }
inline PgBatchState& PgFill::batches() const { return *group_->batches; }
inline bool PgFill::behind() const { return group_->behind; }

}  // namespace kck
