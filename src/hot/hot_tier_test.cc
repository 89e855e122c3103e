#include "hot/hot_tier.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "testing/manual_scheduler.h"

namespace kck {
namespace {

using std::chrono::milliseconds;

EntryPtr EntryOf(std::string_view key, std::size_t bytes, EntryKind kind = EntryKind::kValue) {
  EntryFacts facts;
  facts.kind = kind;
  return Entry::Make(key, facts, std::string(bytes, '1'));
}

TEST(HotTier, FindsWhatWasPutLast) {
  HotTier hot(std::size_t{1} << 20U);
  EXPECT_EQ(hot.Find("a"), nullptr);
  const EntryPtr first = EntryOf("a", 10);
  const EntryPtr second = EntryOf("a", 10);
  hot.Put(first);
  EXPECT_EQ(hot.Find("a"), first);
  hot.Put(second);
  EXPECT_EQ(hot.Find("a"), second);
  EXPECT_EQ(hot.Stats().entries, 1U);
}

TEST(HotTier, KeepsWithinItsBudget) {
  constexpr std::size_t kBudget = std::size_t{1} << 20U;
  HotTier hot(kBudget);
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    hot.Put(EntryOf("key/" + std::to_string(random() % 5000), random() % 2000));
    ASSERT_LE(hot.Stats().bytes, kBudget);
  }
  EXPECT_GT(hot.Stats().bytes, kBudget / 2) << "and uses it";
  EXPECT_GT(hot.Stats().evictions, 0U);
}

TEST(HotTier, TellsWhetherAKeyWasAskedForSinceLastAsked) {
  HotTier hot(std::size_t{1} << 20U);
  EXPECT_FALSE(hot.TakeUse("a"));
  hot.Put(EntryOf("a", 10));
  EXPECT_FALSE(hot.TakeUse("a")->used);
  hot.Look("a");
  EXPECT_FALSE(hot.TakeUse("a")->used) << "a look is no use";
  hot.Find("a");
  hot.Find("a");
  hot.Put(EntryOf("a", 10));
  const KeyUse use = *hot.TakeUse("a");
  EXPECT_TRUE(use.used) << "of the key, whatever it holds by now";
  EXPECT_EQ(use.uses, 3U) << "the arrival is the first";
  EXPECT_FALSE(hot.TakeUse("a")->used);
}

// In one stripe, and in many of which some have few entries.
TEST(HotTier, AScanDoesNotPushOutWhatIsInUse) {
  for (const std::size_t times : {1U, 16U}) {
    HotTier hot(times << 20U);
    const auto used = [](int i) { return "used/" + std::to_string(i); };
    for (int i = 0; i < 100; ++i) hot.Put(EntryOf(used(i), 1000 * times));
    for (int i = 0; i < 5000; ++i) {
      for (int j = 0; j < 100; j += 10) hot.Find(used((i + j) % 100));
      hot.Put(EntryOf("scan/" + std::to_string(i), 1000 * times));
    }
    int kept = 0;
    for (int i = 0; i < 100; ++i) kept += hot.Find(used(i)) != nullptr ? 1 : 0;
    EXPECT_EQ(kept, 100) << times;
  }
}

TEST(HotTier, ARefreshIsNotAnArrival) {
  HotTier hot(std::size_t{1} << 18U);
  for (int i = 0; i < 1000; ++i) hot.Put(EntryOf("other/" + std::to_string(i), 1000));
  for (int i = 0; i < 10; ++i) {
    hot.Put(EntryOf("used", 1000));
    hot.Find("used");
  }
  ASSERT_NE(hot.Find("used"), nullptr);
  const EntryPtr fresh = EntryOf("used", 1500);
  hot.Put(fresh);
  EXPECT_EQ(hot.Find("used"), fresh) << "it has the standing of the entry that it took the place of";
}

TEST(HotTier, AValueThatBecomesATombstoneLeavesTheValues) {
  HotTier hot(std::size_t{1} << 18U);
  hot.Put(EntryOf("a", 1000));
  hot.Put(EntryOf("a", 10, EntryKind::kTombstone));
  for (int i = 0; i < 1000; ++i) hot.Put(EntryOf(std::to_string(i), 1000));
  EXPECT_EQ(hot.Find("a")->kind(), EntryKind::kTombstone) << "values do not push out blanks";
  EXPECT_LE(hot.Stats().bytes, std::size_t{1} << 18U);
}

TEST(HotTier, BlanksHoldATenthAtMost) {
  constexpr std::size_t kBudget = std::size_t{1} << 20U;
  HotTier hot(kBudget);
  for (int i = 0; i < 500; ++i) hot.Put(EntryOf("value/" + std::to_string(i), 200));
  const auto values = hot.Stats();
  for (int i = 0; i < 50000; ++i) hot.Put(EntryOf("none/" + std::to_string(i), 10, EntryKind::kEmpty));
  EXPECT_LE(hot.Stats().bytes, values.bytes + kBudget / 10);
  for (int i = 0; i < 500; ++i) EXPECT_NE(hot.Find("value/" + std::to_string(i)), nullptr) << i;
}

TEST(HotTier, AnEntryTooLargeLeavesNoOlderOneInItsPlace) {
  HotTier hot(std::size_t{1} << 16U);
  hot.Put(EntryOf("a", 10));
  hot.Put(EntryOf("a", std::size_t{1} << 16U));
  EXPECT_EQ(hot.Find("a"), nullptr);
  EXPECT_EQ(hot.Stats().bytes, 0U);
}

TEST(HotTier, ManyThreadsLeaveTheSumsRight) {
  constexpr std::size_t kBudget = std::size_t{4} << 20U;  // four stripes
  HotTier hot(kBudget);
  {
    std::vector<std::jthread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) {
      threads.emplace_back([&hot, seed] {
        std::mt19937 random(seed);
        for (int i = 0; i < 20000; ++i) {
          const std::string key = std::to_string(random() % 1000);
          if (random() % 2 == 0) {
            hot.Put(EntryOf(key, random() % 16000));
          } else if (const EntryPtr entry = hot.Find(key)) {
            ASSERT_EQ(entry->key(), key);
          }
        }
      });
    }
  }
  EXPECT_LE(hot.Stats().bytes, kBudget);
  std::size_t found = 0;
  for (int i = 0; i < 1000; ++i) found += hot.Find(std::to_string(i)) != nullptr ? 1U : 0U;
  EXPECT_EQ(hot.Stats().entries, found);
}

TEST(HotTierAges, TellOneCallerThatAnEntryIsDue) {
  ManualScheduler scheduler;
  HotTier hot(std::size_t{1} << 20U, HotTier::MemoryBytes, &scheduler);
  const auto age = [&hot] { return hot.FindAged("k", milliseconds(333), milliseconds(666)).age; };
  EXPECT_FALSE(hot.FindAged("k", milliseconds(333), milliseconds(666)).entry);
  EntryFacts facts;
  hot.Put(Entry::Make("k", facts, "1"));
  EXPECT_EQ(age(), HotTier::Age::kYoung);
  // A reader at every moment: each due age is told once, however the times are rounded.
  int due = 0;
  for (int i = 0; i < 300; ++i) {
    scheduler.Advance(milliseconds(10));
    if (age() == HotTier::Age::kDue) ++due;
  }
  EXPECT_GE(due, 9);
  EXPECT_LE(due, 10);
  scheduler.Advance(milliseconds(700));
  EXPECT_EQ(age(), HotTier::Age::kOld);
  EXPECT_EQ(age(), HotTier::Age::kOld) << "all who come are told, until it is confirmed";
  hot.Confirm("k");
  EXPECT_EQ(age(), HotTier::Age::kYoung);
}

}  // namespace
}  // namespace kck
