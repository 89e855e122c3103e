// The writes of entries that wait for Cassandra, in a lane for each key: one at a time a key, in their order.
//
// - A computed entry that waits gives way to a later one of its definition; what is told then is the later one's end.
// - Where Cassandra is away, computed entries stay and are tried again with growing pauses, for a bounded time: they
//   are worth keeping, and to write them twice does no harm. All else fails at once: its caller waits for the answer.
// - Both count and bytes are bounded.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/thread_annotations.h"
#include "store/cassandra_settings.h"
#include "store/entry_tables.h"
#include "store/put_rule.h"
#include "store/shared_marks.h"
#include "store/store.h"

namespace kck {

struct CassandraWrite {
  std::string key;
  EntryPtr entry;
  std::optional<PutCondition> condition;
  std::vector<Store::PutCallback> done;  // more than one where it took others' places
  KnownMarks known{};
  std::string database{};  // whose stamp it is
  TimePoint give_up_at{};
  std::size_t bytes = 0;

  // Nobody waits for it, and it can be computed again. What has no product was set by somebody.
  bool computed() const { return IsComputed(*entry) && !condition && entry->fingerprint() != 0; }
};

// Any thread. Held by shared pointer, since timers and writes under way name it. Callbacks run on threads that `run`
// calls back on, on the scheduler's, or on Close's caller's.
class CassandraLanes : public std::enable_shared_from_this<CassandraLanes> {
 public:
  using Finish = OutcomeCallback<void>;
  // Carries out a write, and calls back exactly once, never inside the call.
  using Run = std::function<void(std::shared_ptr<CassandraWrite> write, Finish finish)>;

  CassandraLanes(Scheduler& scheduler, const CassandraLimits& limits, Run run);

  // Takes the write, or says why not and leaves it to the caller.
  Result<void> Add(CassandraWrite& write) KCK_EXCLUDES(mutex_);

  // Tries at once all that waits for a pause to end.
  void Wake() KCK_EXCLUDES(mutex_);

  // Takes no more; tries all that waits once; returns when all is done, or at the limit's end.
  void Finishing() KCK_EXCLUDES(mutex_);

  // Fails all that is left, also what is under way.
  void FailAll() KCK_EXCLUDES(mutex_);

  struct Waiting {
    std::size_t writes = 0;
    std::size_t bytes = 0;
    std::uint64_t given_up = 0;  // computed entries, for which Cassandra was away too long
  };
  Waiting waiting() KCK_EXCLUDES(mutex_);

 private:
  enum class Stage : std::uint8_t { kQueued, kRunning, kPaused };
  using WritePtr = std::shared_ptr<CassandraWrite>;

  struct Lane {
    std::deque<WritePtr> writes;  // the first is under way if the lane is running
    Stage stage = Stage::kQueued;
  };

  // What is told once the lock is let go.
  struct Told {
    WritePtr write;
    Result<void> result;
  };
  using Tidings = std::vector<Told>;

  bool Merge(Lane& lane, CassandraWrite& write) KCK_REQUIRES(mutex_);
  void Queue(const std::string& key, Lane& lane) KCK_REQUIRES(mutex_);
  void Begin() KCK_EXCLUDES(mutex_);
  void OnEnd(const WritePtr& write, const Outcome<void>& outcome) KCK_EXCLUDES(mutex_);
  void Conclude(Lane& lane, const WritePtr& write, const Outcome<void>& outcome, Tidings& tidings) KCK_REQUIRES(mutex_);
  void Pause(const std::string& key, Lane& lane, const CassandraFailure& failure, Tidings& tidings)
      KCK_REQUIRES(mutex_);
  void SetTimer() KCK_REQUIRES(mutex_);
  void OnTimer() KCK_EXCLUDES(mutex_);
  void Remove(const WritePtr& write, Result<void> result, Tidings& tidings) KCK_REQUIRES(mutex_);
  void Tell(const Tidings& tidings) KCK_EXCLUDES(mutex_);

  Scheduler& scheduler_;
  const CassandraLimits limits_;
  const Run run_;
  Mutex mutex_;
  std::condition_variable_any emptied_;
  std::unordered_map<std::string, Lane> lanes_ KCK_GUARDED_BY(mutex_);
  std::deque<std::string> queued_ KCK_GUARDED_BY(mutex_);   // keys of lanes that may begin
  std::vector<std::string> paused_ KCK_GUARDED_BY(mutex_);  // keys of lanes that were paused; may be queued again since
  std::size_t running_ KCK_GUARDED_BY(mutex_) = 0;
  std::size_t writes_ KCK_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ KCK_GUARDED_BY(mutex_) = 0;
  std::size_t telling_ KCK_GUARDED_BY(mutex_) = 0;  // writes whose callbacks are still to run
  std::uint64_t given_up_ KCK_GUARDED_BY(mutex_) = 0;
  int pause_ms_ KCK_GUARDED_BY(mutex_) = 0;
  bool timer_set_ KCK_GUARDED_BY(mutex_) = false;
  bool closing_ KCK_GUARDED_BY(mutex_) = false;
};

}  // namespace kck
