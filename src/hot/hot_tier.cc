#include "hot/hot_tier.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/thread_annotations.h"
#include "hot/eviction.h"

namespace kck {
namespace {

// A key with its hash, so that it is hashed once for stripe and table.
struct HashedKey {
  std::string_view key;
  std::uint64_t hash;

  bool operator==(const HashedKey& other) const { return key == other.key; }
};

struct TakeHash {
  std::size_t operator()(const HashedKey& key) const { return key.hash; }
};

HashedKey Hashed(std::string_view key) { return {key, XXH3_64bits(key.data(), key.size())}; }

struct Item {
  std::string key;
  std::uint64_t hash = 0;
  EntryPtr entry;
  std::size_t bytes = 0;
  Eviction::Id id = Eviction::kNone;
};

constexpr std::size_t kStripesMax = 64;
constexpr std::size_t kStripeBytesMin = std::size_t{1} << 20U;

// About what the structures around key and body cost.
constexpr std::size_t kEntryOverhead =
    sizeof(Item) + sizeof(Entry) + sizeof(Content) + 64 + sizeof(Item*) + Eviction::kBytesPerItem;

// The stripe is chosen by bits 48 and up, the place in the stripe's table by the low ones; the sketch of what left
// takes those between.
std::uint32_t EvictionHash(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 16U); }

// The items of one class in one stripe.
class Population {
 public:
  void Add(Item& item) {
    item.id = eviction_.Added(EvictionHash(item.hash), item.bytes, item.entry->cost_us);
    if (item.id >= by_id_.size()) by_id_.resize(item.id + 1);
    by_id_[item.id] = &item;
  }

  void Replace(const Item& old, Item& item) {
    item.id = old.id;
    eviction_.Replaced(item.id, item.bytes, item.entry->cost_us);
    by_id_[item.id] = &item;
  }

  void Use(const Item& item) { eviction_.Used(item.id); }
  void Remove(const Item& item) { eviction_.Removed(item.id); }

  // Null where nothing is in.
  const Item* Victim() {
    const Eviction::Id id = eviction_.Victim();
    return id == Eviction::kNone ? nullptr : by_id_[id];
  }

 private:
  Eviction eviction_;
  std::vector<Item*> by_id_;
};

}  // namespace

class HotTier::Stripe {
 public:
  EntryPtr Find(const HashedKey& key) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    auto found = items_.find(key);
    if (found == items_.end()) return nullptr;
    Item& item = *found->second;
    populations_[ClassOf(*item.entry)].Use(item);
    return item.entry;
  }

  // The item that the key held, which the caller destroys after the lock is gone.
  std::unique_ptr<Item> Put(std::unique_ptr<Item> item) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const HashedKey key{item->key, item->hash};
    const Class which = ClassOf(*item->entry);
    std::unique_ptr<Item> old = UnlinkLocked(key);
    // A refresh is not an arrival: the new entry has the standing of the old one.
    if (old && ClassOf(*old->entry) == which) {
      populations_[which].Replace(*old, *item);
    } else {
      if (old) populations_[ClassOf(*old->entry)].Remove(*old);
      populations_[which].Add(*item);
    }
    items_.emplace(key, std::move(item));
    return old;
  }

  std::unique_ptr<Item> Take(const HashedKey& key) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return TakeLocked(key);
  }

  std::unique_ptr<Item> TakeVictim(Class which) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const Item* victim = populations_[which].Victim();
    if (victim == nullptr) return nullptr;
    return TakeLocked({victim->key, victim->hash});
  }

 private:
  std::unique_ptr<Item> TakeLocked(const HashedKey& key) KCK_REQUIRES(mutex_) {
    std::unique_ptr<Item> item = UnlinkLocked(key);
    if (item) populations_[ClassOf(*item->entry)].Remove(*item);
    return item;
  }

  // Out of the table only.
  std::unique_ptr<Item> UnlinkLocked(const HashedKey& key) KCK_REQUIRES(mutex_) {
    auto found = items_.find(key);
    if (found == items_.end()) return nullptr;
    std::unique_ptr<Item> item = std::move(found->second);
    items_.erase(found);
    return item;
  }

  Mutex mutex_;
  std::unordered_map<HashedKey, std::unique_ptr<Item>, TakeHash> items_ KCK_GUARDED_BY(mutex_);
  std::array<Population, 2> populations_ KCK_GUARDED_BY(mutex_);
};

HotTier::HotTier(std::size_t bytes_max) : HotTier(bytes_max, kEntryOverhead) {}

HotTier::HotTier(std::size_t bytes_max, std::size_t entry_overhead_bytes)
    : bytes_max_{bytes_max, bytes_max / kBlankShare},
      entry_overhead_bytes_(entry_overhead_bytes),
      stripe_count_(std::bit_floor(std::clamp<std::size_t>(bytes_max / kStripeBytesMin, 1, kStripesMax))),
      stripes_(std::make_unique<Stripe[]>(stripe_count_)) {}

HotTier::~HotTier() = default;

HotTier::Class HotTier::ClassOf(const Entry& entry) {
  return entry.kind == EntryKind::kEmpty || entry.kind == EntryKind::kTombstone ? kBlanks : kValues;
}

std::size_t HotTier::CostBytes(std::string_view key, const Entry& entry) const {
  return entry_overhead_bytes_ + key.size() + (entry.content ? entry.content->body.capacity() : 0);
}

std::size_t HotTier::StripeIndex(std::uint64_t hash) const { return (hash >> 48U) % stripe_count_; }

HotTier::Stripe& HotTier::StripeOf(std::uint64_t hash) const { return stripes_[StripeIndex(hash)]; }

EntryPtr HotTier::Find(std::string_view key) {
  const HashedKey hashed = Hashed(key);
  return StripeOf(hashed.hash).Find(hashed);
}

void HotTier::Put(std::string_view key, EntryPtr entry) {
  const HashedKey hashed = Hashed(key);
  const Class which = ClassOf(*entry);
  const std::size_t bytes = CostBytes(key, *entry);
  std::unique_ptr<Item> old;
  if (bytes > bytes_max_[which] / 2) {
    old = StripeOf(hashed.hash).Take(hashed);
  } else {
    auto item = std::make_unique<Item>();
    item->key = key;
    item->hash = hashed.hash;
    item->entry = std::move(entry);
    item->bytes = bytes;
    bytes_[which] += bytes;
    ++entries_;
    old = StripeOf(hashed.hash).Put(std::move(item));
  }
  if (old) {
    bytes_[ClassOf(*old->entry)] -= old->bytes;
    --entries_;
  }
  Shrink(which, StripeIndex(hashed.hash));
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
      std::unique_ptr<Item> victim = stripes_[stripe].TakeVictim(one);
      stripe = next_victim_++ % stripe_count_;
      if (!victim) {
        ++barren;
        continue;
      }
      barren = 0;
      bytes_[one] -= victim->bytes;
      --entries_;
      ++evictions_;
    }
  }
}

HotTierStats HotTier::Stats() const { return {entries_, bytes_[kValues] + bytes_[kBlanks], evictions_}; }

}  // namespace kck
