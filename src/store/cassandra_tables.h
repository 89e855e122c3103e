// The requests that a store makes at Cassandra's tables: each reads or writes one key's rows, and knows no rule of what
// may replace what.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/cassandra_rows.h"
#include "store/cassandra_session.h"

namespace kck {

// Why a request failed: the status says whether to try again, the error is for who asked.
struct CassandraFailure {
  CqlStatus status;
  Error error;

  // It may be good the next time.
  bool passing() const {
    return status == CqlStatus::kTimeout || status == CqlStatus::kUnavailable || status == CqlStatus::kOverloaded;
  }
};

template <typename T>
using Outcome = tl::expected<T, CassandraFailure>;

template <typename T>
using OutcomeCallback = std::function<void(Outcome<T>)>;

// A time for what is written, in microseconds: the wall clock's, and after every one given before. Any thread.
class WriteClock {
 public:
  explicit WriteClock(const Scheduler& scheduler) : scheduler_(scheduler) {}

  std::int64_t Next();

  // What is given from now on is after `seen_us` too, unless that is so far ahead that somebody made it up.
  void Raise(std::int64_t seen_us);

 private:
  const Scheduler& scheduler_;
  std::atomic<std::int64_t> last_us_{0};
};

// Any thread; the session is ready. Callbacks come as the client's do: on a thread of the scheduler or of the session's
// Close, never inside the call. What is passed outlives the callbacks.
class CassandraTables {
 public:
  CassandraTables(CassandraSession& session, const Scheduler& scheduler, DamageLog& damage,
                  std::size_t value_bytes_whole)
      : session_(session), scheduler_(scheduler), damage_(damage), value_bytes_whole_(value_bytes_whole) {}

  // One after another: all definitions' rows, newest first within each.
  void ReadEntries(const std::string& key, OutcomeCallback<std::vector<EntryRow>> done);

  // The row with its value. Null: a part is missing, or damaged.
  void ReadValue(const std::string& key, EntryRow row, OutcomeCallback<EntryPtr> done);

  EntryCells CellsFor(const Entry& entry) const { return CellsOf(entry, MomentOf(scheduler_), value_bytes_whole_); }

  // The parts of the entry's value, if there are any. They are there before the row that names them.
  void WriteParts(const std::string& key, EntryPtr entry, const EntryCells& cells, OutcomeCallback<void> done);

  // Nobody waits for that. What is left behind by a failure costs room, until its life ends.
  void ForgetParts(const std::string& key, std::uint64_t fingerprint, const EntryCells& cells);

  struct Forgetting {
    std::int64_t older_until_us = 0;           // rows below the entry's own that were, or will be, written before that
    std::vector<std::uint64_t> definitions{};  // whole
  };

  // The entry's row and what is forgotten with it, as one step.
  void WriteEntry(const std::string& key, const Entry& entry, const EntryCells& cells, std::int64_t time_us,
                  const Forgetting& forgetting, OutcomeCallback<void> done);

  // Nothing for a consistency: the settings', which shows what was acknowledged. kSerial also finishes or undoes what
  // is under way, so that it is either in the answer or never will be.
  void ReadSettable(const std::string& key, std::optional<CqlConsistency> consistency,
                    OutcomeCallback<std::optional<EntryRow>> done);

  // Writes where the cell still is `expected` (nothing: where there is none). False: it is not.
  void WriteSettable(const std::string& key, const Entry& entry, const EntryCells& cells,
                     const std::optional<std::string>& expected, OutcomeCallback<bool> done);

 private:
  struct Parts;

  void ReadPart(const std::shared_ptr<Parts>& parts, std::int32_t part);
  void OnPart(const std::shared_ptr<Parts>& parts, std::int32_t part, const CqlResult& found);
  void WritePart(const std::shared_ptr<Parts>& parts, std::int32_t part);
  void FinishRead(Parts& parts);

  CassandraSession& session_;
  const Scheduler& scheduler_;
  DamageLog& damage_;
  const std::size_t value_bytes_whole_;
};

CassandraFailure FailureOf(const CqlResult& result, std::string_view what);

}  // namespace kck
