#include "hot/eviction.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <random>

namespace kck {
namespace {

constexpr std::size_t kBytes = 100;
constexpr std::uint32_t kCost = 1000;

std::uint32_t HashOf(std::uint32_t key) { return key * 2654435761U; }

// A cache of keys in the plainest form: what the hot tier does around an Eviction.
class Cache {
 public:
  explicit Cache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // True for a hit. A miss puts the key in, and whatever must leave for it out.
  bool Ask(std::uint32_t key, std::size_t bytes = kBytes, std::uint32_t cost_us = kCost) {
    if (const auto found = ids_.find(key); found != ids_.end()) {
      eviction_.Used(found->second);
      return true;
    }
    const Eviction::Id id = eviction_.Added(HashOf(key), bytes, cost_us);
    ids_[key] = id;
    items_[id] = {key, bytes};
    bytes_ += bytes;
    while (bytes_ > bytes_max_) Remove(items_.at(eviction_.Victim()).key);
    return false;
  }

  void Remove(std::uint32_t key) {
    const Eviction::Id id = ids_.at(key);
    eviction_.Removed(id);
    bytes_ -= items_.at(id).bytes;
    items_.erase(id);
    ids_.erase(key);
  }

  void Replace(std::uint32_t key, std::size_t bytes) {
    auto& item = items_.at(ids_.at(key));
    eviction_.Replaced(ids_.at(key), bytes, kCost);
    bytes_ += bytes - item.bytes;
    item.bytes = bytes;
  }

  bool Has(std::uint32_t key) const { return ids_.contains(key); }
  std::size_t count() const { return ids_.size(); }

 private:
  struct Item {
    std::uint32_t key;
    std::size_t bytes;
  };
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  Eviction eviction_;
  std::map<std::uint32_t, Eviction::Id> ids_;
  std::map<Eviction::Id, Item> items_;
};

TEST(Eviction, NamesNothingWhereNothingIsIn) { EXPECT_EQ(Eviction().Victim(), Eviction::kNone); }

TEST(Eviction, NamesTheOnlyOne) {
  Eviction eviction;
  const auto id = eviction.Added(HashOf(1), kBytes, kCost);
  EXPECT_EQ(eviction.Victim(), id);
}

TEST(Eviction, AnArrivalMustHaveBeenAskedForBefore) {
  Cache cache(4 * kBytes);
  for (std::uint32_t key = 0; key < 4; ++key) cache.Ask(key);
  cache.Ask(9);
  EXPECT_FALSE(cache.Has(9)) << "asked for once, as the others";
  cache.Ask(9);
  EXPECT_FALSE(cache.Has(9)) << "once before this time: no more than the others";
  cache.Ask(9);
  EXPECT_TRUE(cache.Has(9)) << "what left is remembered";
  EXPECT_FALSE(cache.Has(0)) << "of equals, the one that was idle longest left";
}

TEST(Eviction, TakesTheLeastUsedPerByte) {
  Cache cache(1300);
  cache.Ask(1, 100);
  cache.Ask(2, 1000);
  cache.Ask(2, 1000);
  cache.Ask(2, 1000);
  cache.Ask(3, 100);
  for (int i = 0; i < 3; ++i) cache.Ask(4, 200);
  EXPECT_FALSE(cache.Has(2)) << "three uses of 1000 bytes";
  EXPECT_TRUE(cache.Has(1) && cache.Has(3)) << "one use of 100 bytes";
  EXPECT_TRUE(cache.Has(4));
}

TEST(Eviction, AmongEqualsKeepsWhatIsDearToCompute) {
  Cache cache(3 * kBytes);
  cache.Ask(1, kBytes, 100 * kCost);
  cache.Ask(2, kBytes, kCost);
  cache.Ask(3, kBytes, 100 * kCost);
  for (int i = 0; i < 3; ++i) cache.Ask(4);
  EXPECT_TRUE(cache.Has(1) && cache.Has(3) && cache.Has(4));
}

TEST(Eviction, UsesFadeWhileOthersArrive) {
  Cache cache(20 * kBytes);
  for (int i = 0; i < 10; ++i) cache.Ask(0);
  for (std::uint32_t key = 1; key < 20; ++key) cache.Ask(key);
  for (int round = 0; round < 40; ++round) {
    for (std::uint32_t key = 1; key < 20; ++key) cache.Ask(key);  // in use
    for (int i = 0; i < 3; ++i) cache.Ask(100 + static_cast<std::uint32_t>(round));
  }
  EXPECT_FALSE(cache.Has(0)) << "ten uses, long ago";
  for (std::uint32_t key = 1; key < 20; ++key) EXPECT_TRUE(cache.Has(key)) << key;
}

TEST(Eviction, AScanPushesOutNothingInUse) {
  Cache cache(100 * kBytes);
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t key = 0; key < 90; ++key) cache.Ask(key);
  }
  for (std::uint32_t i = 0; i < 10000; ++i) {
    cache.Ask(1000 + i);
    for (std::uint32_t j = 0; j < 90; j += 10) EXPECT_TRUE(cache.Ask((i + j) % 90)) << i;
  }
}

TEST(Eviction, ALoopLargerThanTheCacheKeepsWhatItHas) {
  Cache cache(100 * kBytes);
  int hits = 0;
  for (std::uint32_t i = 0; i < 11000; ++i) hits += cache.Ask(i % 110) ? 1 : 0;
  EXPECT_GT(hits, 9600) << "of 10000 that are possible";
}

// Where a leaving victim makes the window exceed its share, the next arrivals must not come in unjudged.
TEST(Eviction, ALoopIsKeptAtAnyShareOfTheWindow) {
  for (std::size_t items = 1190; items <= 1210; ++items) {
    Cache cache(items * kBytes);
    std::size_t hits = 0;
    const auto keys = static_cast<std::uint32_t>(items * 11 / 10);
    for (std::uint32_t i = 0; i < 10 * keys; ++i) hits += cache.Ask(i % keys) ? 1U : 0U;
    EXPECT_GT(hits, 9 * items * 96 / 100) << items;
  }
}

TEST(Eviction, AnotherWorkingSetTakesThePlaceOfTheFirst) {
  Cache cache(100 * kBytes);
  std::mt19937 random(1);
  std::uniform_int_distribution<std::uint32_t> any(0, 89);
  for (int i = 0; i < 10000; ++i) cache.Ask(any(random));
  for (int i = 0; i < 2000; ++i) cache.Ask(1000 + any(random));
  int kept = 0;
  for (std::uint32_t key = 1000; key < 1090; ++key) kept += cache.Has(key) ? 1 : 0;
  EXPECT_GT(kept, 80) << "of 90";
}

TEST(Eviction, ALargeOneDoesNotPushOutManyThatAreUsedMore) {
  Cache cache(100 * kBytes);
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t key = 0; key < 100; ++key) cache.Ask(key);
  }
  for (int i = 0; i < 20; ++i) cache.Ask(1000, 40 * kBytes);
  EXPECT_FALSE(cache.Has(1000)) << "20 uses of 40 times the bytes are fewer than 80";
  EXPECT_GE(cache.count(), 99U);
}

TEST(Eviction, AReplacedItemKeepsItsStandingAndHasItsNewSize) {
  Cache cache(12 * kBytes);
  for (std::uint32_t key = 0; key < 10; ++key) cache.Ask(key);
  cache.Replace(1, 3 * kBytes);
  cache.Ask(99);
  EXPECT_TRUE(cache.Has(1)) << "neither an arrival nor forgotten";
  cache.Ask(99);
  EXPECT_TRUE(cache.Has(99));
  EXPECT_FALSE(cache.Has(1)) << "one use of three sizes is worth less than one of one";
}

// Whatever happens, a victim is one of those that are in; ids are unique among these; and all can leave.
RC_GTEST_PROP(Eviction, NamesOneOfThoseThatAreIn, (const std::vector<std::uint32_t>& steps)) {
  Eviction eviction;
  std::map<Eviction::Id, std::uint32_t> in;
  for (const std::uint32_t step : steps) {
    const std::uint32_t key = step / 8 % 64;
    auto any = in.empty() ? in.end() : std::next(in.begin(), key % in.size());
    if (step % 8 < 3 || any == in.end()) {
      const auto id = eviction.Added(HashOf(key), step % 1000, step % 5000);
      RC_ASSERT(in.emplace(id, key).second);
    } else if (step % 8 < 5) {
      eviction.Used(any->first);
    } else if (step % 8 == 5) {
      eviction.Replaced(any->first, step % 3000, 0);
    } else if (step % 8 == 6) {
      eviction.Removed(any->first);
      in.erase(any);
    } else {
      const auto victim = eviction.Victim();
      RC_ASSERT(in.contains(victim));
      eviction.Removed(victim);
      in.erase(victim);
    }
  }
  while (!in.empty()) {
    const auto victim = eviction.Victim();
    RC_ASSERT(in.erase(victim) == 1U);
    eviction.Removed(victim);
  }
  RC_ASSERT(eviction.Victim() == Eviction::kNone);
}

}  // namespace
}  // namespace kck
