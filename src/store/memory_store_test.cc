// The memory store's bound; store_conformance_test.cc holds it to the rest.
#include <gtest/gtest.h>

#include "store/open.h"
#include "testing/entries.h"
#include "testing/manual_scheduler.h"

namespace kck {
namespace {

constexpr std::size_t kBytes = 10'000;

class MemoryStoreBound : public testing::Test {
 protected:
  MemoryStoreBound() : store_(OpenMemoryStore(scheduler_, kBytes)) {}

  // "ok" or the error's name.
  std::string Put(const std::string& key, EntryKind kind, std::size_t value_bytes, std::uint64_t number = 1,
                  TimePoint expires_at = TimePoint::max()) {
    std::string outcome;
    store_->Put(key,
                MakeEntry(key, std::string(value_bytes, '1'), {1, number, 0},
                          [&](EntryFacts& entry) {
                            entry.kind = kind;
                            entry.expires_at = expires_at;
                          }),
                [&](const Result<void>& result) { outcome = result ? "ok" : ErrorName(result.error().code); });
    scheduler_.RunReady();
    return outcome;
  }

  std::size_t ValueBytes(const std::string& key) {
    std::size_t bytes = 0;
    store_->Get(key, 0, [&](const Result<EntryPtr>& entry) { bytes = *entry ? ValueOf(*entry).size() : 0; });
    scheduler_.RunReady();
    return bytes;
  }

  ManualScheduler scheduler_;
  std::unique_ptr<Store> store_;
};

TEST_F(MemoryStoreBound, WhatWasComputedLongestAgoGoesFirst) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Put(std::to_string(i), EntryKind::kValue, 1000), "ok");
  EXPECT_EQ(ValueBytes("0"), 0U);
  EXPECT_EQ(ValueBytes("99"), 1000U);
  int kept = 0;
  for (int i = 0; i < 100; ++i) kept += ValueBytes(std::to_string(i)) > 0 ? 1 : 0;
  EXPECT_GE(kept, 5);
  EXPECT_LT(kept, 10) << "each takes more than its value";
}

TEST_F(MemoryStoreBound, WhatWasSetStaysAndMoreIsRefused) {
  int taken = 0;
  while (Put("set/" + std::to_string(taken), EntryKind::kSet, 1000) == "ok") ASSERT_LT(++taken, 10);
  EXPECT_GE(taken, 5);
  EXPECT_EQ(Put("set/new", EntryKind::kSet, 1000), "KCKOverloaded");
  EXPECT_EQ(Put("set/0", EntryKind::kSet, 5000, 2), "KCKOverloaded");
  EXPECT_EQ(ValueBytes("set/0"), 1000U) << "a refusal leaves what was there";
  EXPECT_EQ(Put("set/0", EntryKind::kSet, 900, 3), "ok") << "it gives its own room";
  EXPECT_EQ(ValueBytes("set/0"), 900U);
}

TEST_F(MemoryStoreBound, WhatIsPastItsLifeMakesRoom) {
  const TimePoint soon = scheduler_.Now() + std::chrono::minutes(1);
  int taken = 0;
  while (Put("set/" + std::to_string(taken), EntryKind::kSet, 1000, 1, soon) == "ok") ASSERT_LT(++taken, 10);
  scheduler_.Advance(std::chrono::minutes(2));
  for (int i = 0; i < taken; ++i) EXPECT_EQ(Put("new/" + std::to_string(i), EntryKind::kSet, 1000), "ok");
}

TEST_F(MemoryStoreBound, AnEntryLargerThanAllIsRefused) {
  EXPECT_EQ(Put("small", EntryKind::kValue, 10), "ok");
  EXPECT_EQ(Put("large", EntryKind::kValue, kBytes), "KCKOverloaded");
  EXPECT_EQ(ValueBytes("small"), 10U) << "and nothing goes for it";
}

}  // namespace
}  // namespace kck
