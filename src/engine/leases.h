// Leases: who computes the value of a key that no product has, in a process of its own.
//
// A key has one lease at most. It is a holder's, of whom the network knows whether it lives, and it ends with a value
// that is put under it; or, since another value was set meanwhile, for nothing; or without one: given up, past its
// time, or because its holder is gone. In the last three cases it is the next one's who waits. A purge ends it as well:
// what is being computed may be what was purged.
//
//   nobody → looking: what does the key hold? → fresh: all are answered, nobody has it
//                                             → else held by the first who asked → put, or the next one looks
//
// The look is made while the lease is there, so a value that is put before it is found, and one that is put after it
// ends it: nobody is told to compute what is there.
//
// Any thread may call. Callbacks run exactly once, never inside the call. Lock order: the lock of a key's stripe comes
// before this one's; `look` is called without it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "base/scheduler.h"
#include "base/text_map.h"
#include "base/thread_annotations.h"
#include "engine/engine.h"

namespace kck {

// Counted since start. Read by /metrics.
struct LeaseCounters {
  std::atomic<std::uint64_t> granted{0};
  std::atomic<std::uint64_t> published{0};   // these five: how they ended
  std::atomic<std::uint64_t> superseded{0};  // by a set or a purge
  std::atomic<std::uint64_t> given_up{0};
  std::atomic<std::uint64_t> expired{0};
  std::atomic<std::uint64_t> lost{0};  // with their holders
};

class Leases {
 public:
  // What a key holds: what may be served of it, and the version of what is there at all.
  struct Found {
    std::optional<Served> served;
    std::optional<Version> version;
  };
  using Look = std::function<void(const ResolvedKey& key, std::function<void(const Found&)> done)>;

  Leases(Scheduler& scheduler, LeaseLimits limits, Look look)
      : scheduler_(scheduler), limits_(limits), look_(std::move(look)) {}

  // A new holder, by a name that nobody can guess. It lives until it is removed, which ends its leases and wishes.
  std::string AddHolder();
  void RemoveHolder(const std::string& holder);

  // Answers with what the key holds where that is fresh, or stale while another one has the lease; else with the lease,
  // as soon as nobody else has it. KCKVersionMismatch where there is no such holder; KCKSourceTimeout at the deadline.
  void Ask(ResolvedKey key, LeaseId id, LeaseTerms terms, Engine::LeaseCallback done);

  // Ends the lease without a value, or the wish for it. False: it was neither.
  bool GiveUp(const std::string& key, const LeaseId& id);

  // What was known as the lease began.
  struct Grant {
    std::optional<Version> seen;  // what the key held
    TimePoint at;
    std::int64_t at_unix_ms = 0;
  };

  // The lease is not past its time any more, until what is to be put under it is, or EndPublish. Nothing: it is not
  // held.
  std::optional<Grant> BeginPublish(const std::string& key, const LeaseId& id);
  bool Publishes(const std::string& key, const LeaseId& id);
  // Without a value.
  void EndPublish(const std::string& key, const LeaseId& id);

  // A set or a purge has put this; `under` is the lease that it was put under. Before the next write to the key begins.
  void OnWritten(const EntryPtr& entry, const std::optional<LeaseId>& under);

  // Refuses all who wait, and who come from now on.
  void Stop();

  const LeaseCounters& counters() const { return counters_; }
  std::size_t leases() const { return leases_count_; }
  std::size_t waiting() const { return waiting_count_; }

 private:
  struct Wish {
    LeaseId id;
    Duration hold;
    Engine::LeaseCallback done;
    Scheduler::TimerId timer = 0;
  };
  enum class State : std::uint8_t { kLooking, kHeld, kPublishing };
  struct Lease {
    ResolvedKey key;
    State state = State::kLooking;
    std::uint64_t round = 0;  // what a look or a timer of an earlier one brings is nothing to this
    LeaseId holder;           // but for kLooking
    Scheduler::TimerId timer = 0;
    Grant grant;
    std::optional<Served> stale;
    std::deque<Wish> waiters;
  };

  Lease* Find(const std::string& key) KCK_REQUIRES(mutex_);
  void Answer(Wish& wish, Result<Leased> answer) KCK_REQUIRES(mutex_);
  bool DropWish(Lease& lease, const LeaseId& id, const char* why) KCK_REQUIRES(mutex_);
  void AnswerAll(Lease& lease, const Served& served) KCK_REQUIRES(mutex_);
  void BeginLook(Lease& lease) KCK_REQUIRES(mutex_);
  void OnFound(const std::string& key, std::uint64_t round, const Found& found);
  void Give(Lease& lease, const Found& found) KCK_REQUIRES(mutex_);
  // The lease has ended without a value: it is the next one's.
  void PassOn(Lease& lease) KCK_REQUIRES(mutex_);
  void Erase(Lease& lease) KCK_REQUIRES(mutex_);
  void OnDeadline(const std::string& key, const LeaseId& id);
  void OnHoldOver(const std::string& key, std::uint64_t round);
  void EndTimer(Lease& lease) KCK_REQUIRES(mutex_);

  Scheduler& scheduler_;
  const LeaseLimits limits_;
  const Look look_;
  LeaseCounters counters_;

  Mutex mutex_;
  bool stopped_ KCK_GUARDED_BY(mutex_) = false;
  std::uint64_t rounds_ KCK_GUARDED_BY(mutex_) = 0;
  std::unordered_set<std::string> holders_ KCK_GUARDED_BY(mutex_);
  TextMap<Lease> leases_ KCK_GUARDED_BY(mutex_);
  std::atomic<std::size_t> leases_count_{0};  // so that a set without any takes no lock
  std::atomic<std::size_t> waiting_count_{0};
};

}  // namespace kck
