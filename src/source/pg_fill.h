// One fill on its way through a PostgreSQL source.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <optional>

#include "source/pg_batch.h"
#include "source/pg_statement.h"
#include "source/source.h"

namespace kck {

// Made by the caller's thread, then used by the source's thread alone.
class PgFill {
 public:
  // `unfinished`, which has counted this fill, is counted down when it is answered.
  PgFill(const boost::asio::any_io_executor& executor, std::shared_ptr<const SqlStatement> sql,
         std::vector<ParamValue> values, TimePoint answer_by, Source::FillCallback done,
         std::atomic<std::size_t>& unfinished)
      : statement(std::move(sql)),
        params(std::move(values)),
        deadline(answer_by),
        timer(executor),
        done_(std::move(done)),
        unfinished_(unfinished) {}

  // Answers the caller. A second answer is dropped: what comes after the deadline, say.
  void Finish(Result<Rows> rows) {
    if (!done_) return;
    timer.cancel();
    const Source::FillCallback done = std::exchange(done_, nullptr);
    unfinished_.fetch_sub(1, std::memory_order_relaxed);
    done(std::move(rows));
  }

  bool finished() const { return !done_; }

  // A fault of its own key, told where it is filled alone.
  bool holds_zero_byte() const {
    return std::ranges::any_of(params,
                               [](const ParamValue& value) { return value && value->find('\0') != std::string::npos; });
  }

  const std::shared_ptr<const SqlStatement> statement;
  const std::vector<ParamValue> params;
  const TimePoint deadline;
  bool refused = false;             // there were too many when it came
  boost::asio::steady_timer timer;  // the pool's: deadline, and the wait for a connection

  // Where it waits for a connection.
  std::optional<std::list<std::shared_ptr<PgFill>>::iterator> queued;
  TimePoint connection_awaited_until;

  // How it may be filled with others (pg_batch.h); set as the source's thread takes it.
  std::shared_ptr<PgBatchState> batches;
  std::size_t batch_keys_max = SIZE_MAX;  // halved by each batch that failed

  // What a connection remembers between two tries.
  int connections_lost = 0;      // while it was under way on them
  int stale_statements_met = 0;  // prepared statements that were gone or did not fit any more
  PgTyping typing = PgTyping::kDeclared;
  std::optional<Error> declared_typing_error;

 private:
  Source::FillCallback done_;
  std::atomic<std::size_t>& unfinished_;
};

using PgFillPtr = std::shared_ptr<PgFill>;

}  // namespace kck
