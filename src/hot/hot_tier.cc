#include "hot/hot_tier.h"

#include <xxhash.h>

#include <unordered_map>

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

struct Item : EvictionLinks {
  explicit Item(EntryPtr kept) : entry(std::move(kept)), hashed(Hashed(entry->key())) {}

  EntryPtr entry;
  HashedKey hashed;  // names the entry's key
  std::size_t bytes = 0;
};

// What an entry takes from the budget: its bytes, and about what the structures around them cost.
std::size_t CostBytes(const Entry& entry) {
  constexpr std::size_t kOverhead = sizeof(Item) + 64;
  return kOverhead + entry.memory_bytes();
}

}  // namespace

class HotTier::Stripe {
 public:
  EntryPtr Find(const HashedKey& key) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    auto found = items_.find(key);
    if (found == items_.end()) return nullptr;
    Item& item = *found->second;
    eviction_[ClassOf(*item.entry)].Used(item);
    return item.entry;
  }

  // The item that the key held, which the caller destroys after the lock is gone.
  std::unique_ptr<Item> Put(std::unique_ptr<Item> item) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    std::unique_ptr<Item> old = TakeLocked(item->hashed);
    eviction_[ClassOf(*item->entry)].Added(*item);
    // An entry that took the place of one in use stays in use: a refresh is not an arrival.
    if (old) item->visited = true;
    items_.emplace(HashedKey(item->hashed), std::move(item));
    return old;
  }

  std::unique_ptr<Item> Take(const HashedKey& key) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return TakeLocked(key);
  }

  std::unique_ptr<Item> TakeVictim(Class which) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    auto* victim = static_cast<Item*>(eviction_[which].Victim());
    if (victim == nullptr) return nullptr;
    return TakeLocked(victim->hashed);
  }

 private:
  std::unique_ptr<Item> TakeLocked(const HashedKey& key) KCK_REQUIRES(mutex_) {
    auto found = items_.find(key);
    if (found == items_.end()) return nullptr;
    std::unique_ptr<Item> item = std::move(found->second);
    items_.erase(found);
    eviction_[ClassOf(*item->entry)].Removed(*item);
    return item;
  }

  Mutex mutex_;
  std::unordered_map<HashedKey, std::unique_ptr<Item>, TakeHash> items_ KCK_GUARDED_BY(mutex_);
  std::array<Eviction, 2> eviction_ KCK_GUARDED_BY(mutex_);
};

HotTier::HotTier(std::size_t bytes_max)
    : bytes_max_{bytes_max, bytes_max / kBlankShare}, stripes_(std::make_unique<Stripe[]>(kStripes)) {}

HotTier::~HotTier() = default;

HotTier::Class HotTier::ClassOf(const Entry& entry) {
  return entry.kind() == EntryKind::kEmpty || entry.kind() == EntryKind::kTombstone ? kBlanks : kValues;
}

// The table inside the stripe uses the low bits of the hash.
std::size_t HotTier::StripeIndex(std::uint64_t hash) { return (hash >> 48U) % kStripes; }

HotTier::Stripe& HotTier::StripeOf(std::uint64_t hash) const { return stripes_[StripeIndex(hash)]; }

EntryPtr HotTier::Find(std::string_view key) {
  const HashedKey hashed = Hashed(key);
  return StripeOf(hashed.hash).Find(hashed);
}

void HotTier::Put(EntryPtr entry) {
  const HashedKey hashed = Hashed(entry->key());
  const Class which = ClassOf(*entry);
  const std::size_t bytes = CostBytes(*entry);
  std::unique_ptr<Item> old;
  if (bytes > bytes_max_[which] / 2) {
    old = StripeOf(hashed.hash).Take(hashed);
  } else {
    auto item = std::make_unique<Item>(entry);
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
    while (over(one) && barren < kStripes) {
      std::unique_ptr<Item> victim = stripes_[stripe].TakeVictim(one);
      stripe = next_victim_++ % kStripes;
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
