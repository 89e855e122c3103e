#include "hot/hot_tier.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <boost/unordered/unordered_flat_set.hpp>
#include <vector>

#include "base/thread_annotations.h"
#include "hot/eviction.h"

namespace kck {
namespace {

constexpr std::size_t kStripesMax = 64;
constexpr std::size_t kStripeBytesMin = std::size_t{1} << 20U;

constexpr auto kTick = std::chrono::milliseconds(100);

// A key with its hash, so that it is hashed once for stripe, table and eviction.
struct HashedKey {
  std::string_view key;
  std::uint64_t hash;
};

HashedKey Hashed(std::string_view key) { return {key, XXH3_64bits(key.data(), key.size())}; }

// The stripe is chosen by bits 48 and up, all else in the stripe by those below.
std::uint32_t HashInStripe(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 16U); }

// The entries of one class in one stripe, by the number that eviction gives them.
class Population {
 public:
  using Id = Eviction::Id;

  Id Add(std::uint32_t hash, std::size_t bytes, EntryPtr entry, std::uint32_t ticks) {
    const Id id = eviction_.Added(hash, bytes, entry->cost_us());
    if (id >= entries_.size()) {
      // By quarters, not doubling: memory is what this is about.
      if (id >= entries_.capacity()) entries_.reserve(entries_.size() + entries_.size() / 4 + 16);
      entries_.resize(id + 1);
    }
    entries_[id] = std::move(entry);
    Confirm(id, ticks);
    return id;
  }

  EntryPtr Replace(Id id, std::size_t bytes, EntryPtr entry, std::uint32_t ticks) {
    eviction_.Replaced(id, bytes, entry->cost_us());
    Confirm(id, ticks);
    return std::exchange(entries_[id], std::move(entry));
  }

  EntryPtr Remove(Id id) {
    eviction_.Removed(id);
    return std::exchange(entries_[id], nullptr);
  }

  const EntryPtr& Use(Id id) {
    eviction_.Used(id);
    return entries_[id];
  }

  KeyUse UseOf(Id id) const { return {eviction_.WasUsed(id), eviction_.UsesOf(id), entries_[id]->cost_us()}; }
  void ForgetUse(Id id) { eviction_.ForgetUse(id); }

  std::uint32_t ConfirmedAt(Id id) const { return confirmed_[id]; }
  // 0: nobody asks for times.
  void Confirm(Id id, std::uint32_t ticks) {
    if (ticks == 0) return;
    if (id >= confirmed_.size()) confirmed_.resize(entries_.capacity());
    confirmed_[id] = ticks;
  }

  const EntryPtr& entry(Id id) const { return entries_[id]; }
  std::uint32_t HashOf(Id id) const { return eviction_.HashOf(id); }
  Id Victim() { return eviction_.Victim(); }

 private:
  Eviction eviction_;
  std::vector<EntryPtr> entries_;
  std::vector<std::uint32_t> confirmed_;  // empty where nobody asks for times
};

}  // namespace

class HotTier::Stripe {
 public:
  EntryPtr Find(const HashedKey& key) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    return populations_[found->which()].Use(found->id());
  }

  Aged FindAged(const HashedKey& key, std::uint32_t ticks, std::uint32_t due, std::uint32_t old) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = index_.find(key);
    if (found == index_.end()) return {};
    Population& population = populations_[found->which()];
    const std::uint32_t age = ticks - population.ConfirmedAt(found->id());
    Aged aged{population.Use(found->id()), age < due ? Age::kYoung : age < old ? Age::kDue : Age::kOld};
    if (aged.age == Age::kDue) population.Confirm(found->id(), ticks);
    return aged;
  }

  void Confirm(const HashedKey& key, std::uint32_t ticks) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = index_.find(key);
    if (found != index_.end()) populations_[found->which()].Confirm(found->id(), ticks);
  }

  EntryPtr Look(const HashedKey& key) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : populations_[found->which()].entry(found->id());
  }

  std::optional<KeyUse> UseOf(const HashedKey& key, bool take) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = index_.find(key);
    if (found == index_.end()) return std::nullopt;
    Population& population = populations_[found->which()];
    const KeyUse use = population.UseOf(found->id());
    if (take) population.ForgetUse(found->id());
    return use;
  }

  // What the key held, which the caller lets go after the lock is gone.
  EntryPtr Put(const HashedKey& key, std::size_t bytes, EntryPtr entry, std::uint32_t ticks) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const Class which = ClassOf(*entry);
    const auto found = index_.find(key);
    // A refresh is not an arrival: the new entry has the standing of the old one.
    if (found != index_.end() && found->which() == which) {
      return populations_[which].Replace(found->id(), bytes, std::move(entry), ticks);
    }
    EntryPtr old;
    if (found != index_.end()) old = RemoveLocked(*found);
    index_.insert(Place(which, populations_[which].Add(HashInStripe(key.hash), bytes, std::move(entry), ticks)));
    return old;
  }

  EntryPtr Take(const HashedKey& key) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : RemoveLocked(*found);
  }

  // Null where there is nothing of the class.
  EntryPtr TakeVictim(Class which) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const Eviction::Id id = populations_[which].Victim();
    return id == Eviction::kNone ? nullptr : RemoveLocked(Place(which, id));
  }

 private:
  // Class and number of an entry, in four bytes: 31 bits name more entries than a stripe can hold.
  class Place {
   public:
    Place() = default;
    Place(Class which, Eviction::Id id) : bits_(id * 2 + which) {}
    Class which() const { return bits_ % 2 == 0 ? kValues : kBlanks; }
    Eviction::Id id() const { return bits_ / 2; }
    bool operator==(const Place&) const = default;

   private:
    std::uint32_t bits_ = 0;
  };

  // The index holds places alone: four bytes an entry. Their keys and hashes stand in the populations.
  struct Hash {
    using is_transparent = void;
    const Stripe* stripe;
    std::size_t operator()(const HashedKey& key) const { return HashInStripe(key.hash); }
    std::size_t operator()(const Place& place) const { return stripe->populations_[place.which()].HashOf(place.id()); }
  };
  struct Equal {
    using is_transparent = void;
    const Stripe* stripe;
    bool operator()(const Place& one, const Place& other) const { return one == other; }
    bool operator()(const HashedKey& key, const Place& place) const {
      return key.key == stripe->populations_[place.which()].entry(place.id())->key();
    }
    bool operator()(const Place& place, const HashedKey& key) const { return (*this)(key, place); }
  };

  EntryPtr RemoveLocked(Place place) KCK_REQUIRES(mutex_) {
    index_.erase(place);
    return populations_[place.which()].Remove(place.id());
  }

  Mutex mutex_;
  std::array<Population, 2> populations_;  // guarded by mutex_, also where index_ reads them
  boost::unordered_flat_set<Place, Hash, Equal> index_ KCK_GUARDED_BY(mutex_){0, Hash{this}, Equal{this}};
};

// Measured by `bench/run memory`: what eviction, the index and the list of pointers take for an entry; and an eighth
// for the room that entries of other sizes leave between them as they come and go.
std::size_t HotTier::MemoryBytes(const Entry& entry) {
  constexpr std::size_t kIndexBytes = 9;
  constexpr std::size_t kRoomBetween = 8;
  const std::size_t block = entry.memory_bytes();
  return block + block / kRoomBetween + sizeof(EntryPtr) + Eviction::kBytesPerItem + kIndexBytes;
}

HotTier::HotTier(std::size_t bytes_max, Weigher weigher, const Scheduler* clock)
    : bytes_max_{bytes_max, bytes_max / kBlankShare},
      weigher_(weigher),
      clock_(clock),
      began_(clock == nullptr ? TimePoint() : clock->Now()),
      stripe_count_(std::bit_floor(std::clamp<std::size_t>(bytes_max / kStripeBytesMin, 1, kStripesMax))),
      stripes_(std::make_unique<Stripe[]>(stripe_count_)) {}

HotTier::~HotTier() = default;

HotTier::Class HotTier::ClassOf(const Entry& entry) {
  return entry.kind() == EntryKind::kEmpty || entry.kind() == EntryKind::kTombstone ? kBlanks : kValues;
}

std::size_t HotTier::StripeIndex(std::uint64_t hash) const { return (hash >> 48U) % stripe_count_; }

HotTier::Stripe& HotTier::StripeOf(std::uint64_t hash) const { return stripes_[StripeIndex(hash)]; }

EntryPtr HotTier::Find(std::string_view key) {
  const HashedKey hashed = Hashed(key);
  return StripeOf(hashed.hash).Find(hashed);
}

std::uint32_t HotTier::Ticks() const {
  // From 1 on: 0 stands for no clock.
  return clock_ == nullptr ? 0 : static_cast<std::uint32_t>((clock_->Now() - began_) / kTick) + 1;
}

HotTier::Aged HotTier::FindAged(std::string_view key, Duration due, Duration old) {
  const HashedKey hashed = Hashed(key);
  return StripeOf(hashed.hash)
      .FindAged(hashed, Ticks(), static_cast<std::uint32_t>(due / kTick), static_cast<std::uint32_t>(old / kTick));
}

void HotTier::Confirm(std::string_view key) {
  const HashedKey hashed = Hashed(key);
  StripeOf(hashed.hash).Confirm(hashed, Ticks());
}

EntryPtr HotTier::Look(std::string_view key) const {
  const HashedKey hashed = Hashed(key);
  return StripeOf(hashed.hash).Look(hashed);
}

std::optional<KeyUse> HotTier::UseOf(std::string_view key) const {
  const HashedKey hashed = Hashed(key);
  return StripeOf(hashed.hash).UseOf(hashed, false);
}

std::optional<KeyUse> HotTier::TakeUse(std::string_view key) {
  const HashedKey hashed = Hashed(key);
  return StripeOf(hashed.hash).UseOf(hashed, true);
}

void HotTier::Put(EntryPtr entry) {
  const HashedKey hashed = Hashed(entry->key());
  const Class which = ClassOf(*entry);
  const std::size_t bytes = weigher_(*entry);
  EntryPtr old;
  if (bytes > bytes_max_[which] / 2) {
    old = StripeOf(hashed.hash).Take(hashed);
  } else {
    bytes_[which] += bytes;
    ++entries_;
    old = StripeOf(hashed.hash).Put(hashed, bytes, entry, Ticks());
  }
  if (old) Forget(*old);
  Shrink(which, StripeIndex(hashed.hash));
}

void HotTier::Forget(const Entry& entry) {
  bytes_[ClassOf(entry)] -= weigher_(entry);
  --entries_;
}

// Values and blanks share the whole budget; blanks have their smaller one besides. The stripe that grew gives first, so
// that a stripe which few keys come to keeps what is in use; what a large entry needs beyond that, all give in turn.
void HotTier::Shrink(Class which, std::size_t grown) {
  auto over = [this](Class one) {
    return one == kBlanks ? bytes_[kBlanks] > bytes_max_[kBlanks]
                          : bytes_[kValues] + bytes_[kBlanks] > bytes_max_[kValues];
  };
  for (Class one : {which, kValues}) {
    std::size_t stripe = grown;
    std::size_t barren = 0;  // stripes in a row that had nothing to give
    while (over(one) && barren < stripe_count_) {
      const EntryPtr victim = stripes_[stripe].TakeVictim(one);
      stripe = next_victim_++ % stripe_count_;
      if (!victim) {
        ++barren;
        continue;
      }
      barren = 0;
      Forget(*victim);
      ++evictions_;
    }
  }
}

HotTierStats HotTier::Stats() const { return {entries_, bytes_[kValues] + bytes_[kBlanks], evictions_}; }

}  // namespace kck
