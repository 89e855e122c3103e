// The keys of one database that are due, and which of them is next.
//
// Wishes for one key are merged: their demand is added, their hints joined. What is taken is leased: a lease that is
// not ended by Done in its time counts as failed. A key that fails is tried again after a back-off with jitter, and
// after so many failures becomes a dead letter, kept with its error until somebody asks for the key again.
//
// The order is demand × staleness ÷ cost: of the time that the database gives, each moment goes where it spares the
// most stale reads. Every so many groups the oldest key comes first whatever its score, so that none waits for ever.
//
// The score changes with time for all keys alike: among keys of one demand-to-cost class (a factor of two), the oldest
// has the highest. So the best key is the best of the classes' oldest, and nothing is sorted again as time passes.
//
// Not thread-safe: its owner's lock covers it. Time comes in by the calls.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/scheduler.h"
#include "base/text_map.h"
#include "engine/refresher.h"

namespace kck {

struct RefreshQueueLimits {
  std::size_t keys_max = 500000;
  std::size_t dead_letters_max = 10000;
  int attempts_max = 8;
  std::chrono::milliseconds backoff_min{200};
  std::chrono::milliseconds backoff_max{30000};
  std::chrono::milliseconds dead_retry{60000};  // a dead letter that is read is tried again, this often
  std::chrono::milliseconds lease{45000};       // longer than any fill
  int oldest_every = 8;                         // of so many groups, one begins with the oldest key
};

enum class DueState : std::uint8_t { kWaiting, kLeased, kBackingOff, kDead };

std::string_view DueStateName(DueState state);  // "waiting"

// A key that is due, for people.
struct DueReport {
  std::string key;
  DueState state = DueState::kWaiting;
  std::vector<RefreshReason> reasons;
  std::string cause;  // the last one
  std::uint32_t demand = 0;
  std::uint32_t cost_us = 0;
  Duration age{};
  std::size_t hints = 0;
  int attempts = 0;
  std::string error;
  std::optional<Duration> retry_in;
  std::optional<std::size_t> place;  // of those that wait: how many come before it
};

struct DueCounts {
  std::size_t waiting = 0;
  std::size_t leased = 0;
  std::size_t backing_off = 0;
  std::size_t dead = 0;
  Duration oldest{};  // the age of the oldest that is not dead

  std::size_t all() const { return waiting + leased + backing_off + dead; }
};

class RefreshQueue {
 public:
  // What a worker has to compute.
  struct Lease {
    std::uint64_t id = 0;
    ResolvedKey key;
    Hints hints;
    std::uint64_t newer_than = 0;
    double cost_us = 0;  // expected
    std::string why;     // reasons and cause, for people
  };

  enum class Outcome {
    kDone,      // the key is fresh, or as fresh as this wish asked for
    kMissed,    // the fill does not show the change yet: once more, soon
    kFailed,    // counts as a failure of the key
    kNotTried,  // its database was not there: counts for nothing
    kGone,      // there is no such product any more
  };

  explicit RefreshQueue(RefreshQueueLimits limits = {}, std::uint64_t seed = 1);
  ~RefreshQueue();
  RefreshQueue(const RefreshQueue&) = delete;
  RefreshQueue& operator=(const RefreshQueue&) = delete;

  // `demand` is how often the key is asked for, relative to others; `cost_us` what it costs to compute, as far as
  // known. False: the bound is reached, and the key is new.
  bool Add(RefreshWish wish, std::uint32_t demand, std::uint32_t cost_us, TimePoint now);

  // Counts a read of a stale key. False: the key is not due.
  bool CountRead(std::string_view key, TimePoint now);

  // What its owner knows of the keys, besides.
  class Judge {
   public:
    virtual ~Judge() = default;
    // How many keys of the product may be computed together; at least 1.
    virtual std::size_t GroupMax(const Product& product) const = 0;
    // The key has to wait for another one. Asked often.
    virtual bool IsHeld(const ResolvedKey& key) const = 0;
  };

  // The next keys to compute, all of one product. None where none waits that is not held.
  std::vector<Lease> Take(const Judge& judge, TimePoint now);

  // Ends a lease. One that is over is ignored. `cost_us` is what it cost, 0 where nothing was computed. True: the key
  // became a dead letter.
  bool Done(const Lease& lease, Outcome outcome, const std::string& error, std::uint32_t cost_us, TimePoint now);

  // Dead letters wait again, since what they failed by may be over: all, or those that are chosen. Returns how many.
  using Choice = std::function<bool(const ResolvedKey& key)>;
  std::size_t Revive(const Choice& chosen = {});

  // Lets keys whose back-off is over wait again, and ends leases that are over. When there is more to do; nothing: not
  // by time alone.
  std::optional<TimePoint> Advance(TimePoint now);

  // Waits or is leased: it will be computed soon.
  bool IsSoon(std::string_view key) const;
  bool Holds(std::string_view key) const { return items_.contains(key); }
  bool AnyWaiting() const { return waiting_ > 0; }
  DueCounts Counts(TimePoint now) const;
  std::optional<DueReport> Report(std::string_view key, TimePoint now) const;
  // Those that come first, then those that back off, then the dead; at most `count` of each.
  std::vector<DueReport> Report(std::size_t count, TimePoint now) const;

 private:
  struct Item;
  using Order = std::pair<TimePoint, std::uint64_t>;  // due since, number
  // The keys of one product that wait, by class, each by age.
  using Waiting = std::map<int, std::map<Order, Item*>>;

  void TakeBack(Item& item, const Lease& lease);
  static std::string WhyOf(const Item& item);
  static std::vector<RefreshReason> ReasonsOf(const Item& item);
  static int ClassOf(const Item& item);
  double Score(int demand_class, const Item& item, TimePoint now) const;
  void Enter(Item& item, DueState state);  // `state` tells which order it enters
  void Leave(Item& item);
  Item* Best(Waiting& waiting, TimePoint now) const;
  Item* First(TimePoint now);
  Item* After(const std::vector<Item*>& taken, TimePoint now);
  Lease LeaseOf(Item& item, TimePoint now);
  void Fail(Item& item, std::string error, TimePoint now);
  Duration BackOff(int failures);
  void ForgetOldestDead();
  DueReport ReportOf(const Item& item, TimePoint now) const;

  const RefreshQueueLimits limits_;
  std::minstd_rand random_;
  TextMap<std::unique_ptr<Item>> items_;
  std::map<std::string, Waiting> products_;  // by name
  std::map<Order, Item*> by_age_;            // all that wait
  std::map<Order, Item*> by_time_;           // backing off until, or leased until
  std::set<Order> by_time_since_;            // since when these are due
  std::map<Order, Item*> dead_;              // since
  std::size_t waiting_ = 0;
  std::size_t leased_ = 0;
  std::uint64_t next_number_ = 0;
  int groups_ = 0;
};

}  // namespace kck
