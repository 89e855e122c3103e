// The refresh worker: where all that is due meets, and from where it is computed.
//
// For each database a queue and a budget: groups of keys go to the engine as the budget allows, and come back as done,
// as failed, or as due again. Beside them a book of the keys that are refreshed by time, and walks over domains, which
// feed the queue as it has room.
//
// What is due survives the process: marks are the engine's records; keys in the book are records here; a walk belongs
// to a process or to boot, which begin again; what was stale by its age is so when it is read.
//
// Any thread may call. Everything outlives the worker but the engine's last callbacks, which Stop waits for.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_annotations.h"
#include "engine/engine.h"
#include "refresh/database_budget.h"
#include "refresh/key_ownership.h"
#include "refresh/refresh_queue.h"
#include "refresh/refresh_report.h"
#include "refresh/schedule_book.h"

namespace kck {

// Runs a statement that does nothing, and tells how long the database took; nothing: it did not answer.
using LatencyProbe = std::function<void(std::function<void(std::optional<Duration>)>)>;

struct RefreshDatabase {
  RefreshBudget budget;
  std::function<bool()> reachable;  // as far as is known; empty: it always is
  LatencyProbe probe;               // empty: its latency is not looked at
  bool is_told_unused = true;       // false: Report leaves it out until something of it was due
};

struct RefreshLimits {
  RefreshQueueLimits queue;
  std::size_t scheduled_max = 200000;
  std::size_t group_keys_max = 5000;
  double group_us = 50000;                          // what a group should cost about
  int unread_periods_max = 3;                       // then a key leaves its schedule
  std::size_t storing_max = 4096;                   // entries on their way to the store: with more, groups wait
  std::size_t domain_keys_at_once = 10000;          // of a domain's walk, waiting
  std::size_t recent_max = 10000;                   // refreshes remembered for `explain`
  std::chrono::milliseconds outage_pause_min{100};  // of a database that is not there
  std::chrono::milliseconds outage_pause_max{15000};
  std::chrono::milliseconds probe_pause{200};
  std::chrono::milliseconds storing_pause{2};
};

class RefreshWorker : public Refresher {
 public:
  static constexpr std::string_view kBookPrefix = "schedule/";  // of records

  // `seed` is for jitter.
  RefreshWorker(Scheduler& scheduler, Store& store, Engine& engine, const KeyOwnership& ownership,
                std::map<std::string, RefreshDatabase> databases, RefreshLimits limits = {}, std::uint64_t seed = 1);
  ~RefreshWorker() override;
  RefreshWorker(const RefreshWorker&) = delete;
  RefreshWorker& operator=(const RefreshWorker&) = delete;

  // Reads the book from the store, and makes the keys of `on_boot` products due. The engine is started, and has its
  // catalog. `done` runs once what is due is known.
  void Start(Engine::DoneCallback done);

  // Starts nothing from now on, and returns once what is under way has ended.
  void Stop();

  // Refreshes every key of the product's domain by a fill that begins from now on, or, with `unless_fresh`, those that
  // are not fresh. `done` runs once none of them is due for it any more.
  using WalkCallback = std::function<void(Result<DomainWalkReport>)>;
  void RefreshDomain(const ProductPtr& product, RefreshReason reason, bool unless_fresh, WalkCallback done);

  // Dead letters wait again: all; or those of `scope`, a key or a whole product as `name/*`. Returns how many.
  std::size_t RetryDead(std::string_view scope = {});

  bool Want(RefreshWish wish) override;
  void WantProduct(const ProductPtr& product, RefreshReason reason, const std::string& cause) override;
  bool CountRead(std::string_view key) override;
  void Kept(const ResolvedKey& key, const EntryPtr& entry, const EntryPtr& before, bool computed) override;

  // At most `keys_max` keys in each state.
  RefreshReport Report(std::size_t keys_max) const;
  KeyRefreshReport ReportOf(std::string_view key) const;

 private:
  struct Database;
  struct ProductState;
  struct Group;
  struct Walk;
  class GroupJudge;

  // refresh_worker.cc
  Database* DatabaseOf(const std::string& name) KCK_REQUIRES(mutex_);
  ProductState& StateOf(const Product& product) KCK_REQUIRES(mutex_);
  bool Add(RefreshWish wish) KCK_REQUIRES(mutex_);
  void PostPump() KCK_REQUIRES(mutex_);
  void Pump();
  std::shared_ptr<Group> NextGroup() KCK_REQUIRES(mutex_);
  std::shared_ptr<Group> NextGroup(Database& database) KCK_REQUIRES(mutex_);
  void WakeAt(TimePoint when) KCK_REQUIRES(mutex_);
  void Send(const std::shared_ptr<Group>& group);
  void Ended(const std::shared_ptr<Group>& group, std::size_t index, const Result<Refreshed>& result);
  void EndGroup(Group& group) KCK_REQUIRES(mutex_);
  void NoteOutage(Database& database) KCK_REQUIRES(mutex_);
  void Remember(const RefreshQueue::Lease& lease, std::string outcome, std::uint32_t cost_us) KCK_REQUIRES(mutex_);
  void ProbeLatency(Database& database) KCK_REQUIRES(mutex_);

  // schedules.cc
  void RestoreBook(std::vector<std::pair<std::string, std::string>> records);
  void Schedule(const ResolvedKey& key, const Entry& entry) KCK_REQUIRES(mutex_);
  std::optional<TimePoint> DueAfter(const Product& product, TimePoint as_of, TimePoint completed) KCK_REQUIRES(mutex_);
  void EnterBook(const ResolvedKey& key, TimePoint due) KCK_REQUIRES(mutex_);
  void LeaveBook(const std::string& key) KCK_REQUIRES(mutex_);
  void RunBook() KCK_REQUIRES(mutex_);
  void CountFresh(const ResolvedKey& key, const EntryPtr& before) KCK_REQUIRES(mutex_);

  // domains.cc
  void Boot();
  void BeginWalk(const std::shared_ptr<Walk>& walk);
  void FeedWalks();
  bool Feed(Walk& walk);
  void PrimeNewMembers(const ProductPtr& product, const EntryPtr& domain, const EntryPtr& before);

  Scheduler& scheduler_;
  Store& store_;
  Engine& engine_;
  const KeyOwnership& ownership_;
  const RefreshLimits limits_;

  mutable Mutex mutex_;
  std::condition_variable_any idle_;
  bool stopping_ KCK_GUARDED_BY(mutex_) = false;
  bool pump_posted_ KCK_GUARDED_BY(mutex_) = false;
  bool overflowed_ KCK_GUARDED_BY(mutex_) = false;    // marked keys were refused, and are to be asked for again
  std::size_t under_way_ KCK_GUARDED_BY(mutex_) = 0;  // groups, probes and posted steps
  std::map<std::string, std::unique_ptr<Database>, std::less<>> databases_ KCK_GUARDED_BY(mutex_);
  std::map<std::string, std::unique_ptr<ProductState>, std::less<>> products_ KCK_GUARDED_BY(mutex_);
  ScheduleBook book_ KCK_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<Walk>> walks_ KCK_GUARDED_BY(mutex_);  // that have keys left to give
  std::deque<RecentRefresh> recent_ KCK_GUARDED_BY(mutex_);         // oldest first
  Scheduler::TimerId timer_ KCK_GUARDED_BY(mutex_) = 0;
  TimePoint timer_at_ KCK_GUARDED_BY(mutex_) = TimePoint::max();
  std::minstd_rand random_ KCK_GUARDED_BY(mutex_);
};

}  // namespace kck
