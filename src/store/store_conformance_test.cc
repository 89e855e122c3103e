// What every store keeps to (store.h), run against each.
#include "testing/store_conformance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <random>
#include <thread>

namespace kck {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

EditFacts By(std::uint64_t fingerprint) {
  return [fingerprint](EntryFacts& entry) { entry.fingerprint = fingerprint; };
}

TEST_P(StoreConformance, BringsBackTheWholeEntry) {
  EXPECT_EQ(Value("item/1"), "none");
  const EntryPtr entry = MakeEntry("item/1", "[1,2]", {1, 18, 2}, [](EntryFacts& e) {
    e.kind = EntryKind::kEmpty;
    e.fingerprint = 7;
    e.slot_generation = 3;
    e.fill_sequence = 99;
    e.stamp = InternStamp("10:20:12,15");
    e.cost_us = 1234;
  });
  Put("item/1", entry);
  const EntryPtr read = *calls_.Get("item/1", 7);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind(), EntryKind::kEmpty);
  EXPECT_EQ(read->fingerprint(), 7U);
  EXPECT_EQ(read->slot_generation(), 3U);
  EXPECT_EQ(read->fill_sequence(), 99U);
  EXPECT_EQ(read->stamp(), entry->stamp());
  EXPECT_EQ(read->cost_us(), 1234U);
  EXPECT_EQ(read->version(), entry->version());
  EXPECT_EQ(read->content_version(), entry->content_version());
  EXPECT_EQ(read->value(), entry->value());
  EXPECT_EQ(read->content().modified_unix_ms, entry->content().modified_unix_ms);
  EXPECT_EQ(read->value(), "[1,2]");
}

TEST_P(StoreConformance, KeysThatBeginAlikeAreApart) {
  Put("a", MakeEntry("a", "1", {1, 1, 0}));
  Put("a/b", MakeEntry("a/b", "2", {1, 1, 0}));
  Put("ab", MakeEntry("ab", "3", {1, 1, 0}));
  EXPECT_EQ(Value("a"), "1");
  EXPECT_EQ(Value("a/b"), "2");
  EXPECT_EQ(Value("ab"), "3");
  EXPECT_EQ(Value(""), "none");
  EXPECT_EQ(Value("a/"), "none");
}

TEST_P(StoreConformance, TheNewerWinsInWhateverOrder) {
  Put("a", MakeEntry("a", "20", {1, 20, 0}));
  Put("a", MakeEntry("a", "10", {1, 10, 9}));
  EXPECT_EQ(Value("a"), "20") << "the old one came late, and is dropped without an error";
  Put("a", MakeEntry("a", "30", {1, 30, 0}));
  EXPECT_EQ(Value("a"), "30");
  Put("a", MakeEntry("a", "2.1", {2, 1, 0}));
  EXPECT_EQ(Value("a"), "2.1");
}

TEST_P(StoreConformance, OfOneVersionTheLaterComputeWins) {
  const auto began = [](std::uint64_t sequence) {
    return [sequence](EntryFacts& entry) { entry.fill_sequence = sequence; };
  };
  Put("a", MakeEntry("a", "5", {1, 1, 0}, began(5)));
  Put("a", MakeEntry("a", "4", {1, 1, 0}, began(4)));
  EXPECT_EQ(Value("a"), "5");
  Put("a", MakeEntry("a", "6", {1, 1, 0}, began(6)));
  EXPECT_EQ(Value("a"), "6");
}

TEST_P(StoreConformance, AChangedDefinitionReplacesTheOldOnesEntry) {
  Put("a", MakeEntry("a", "old", {1, 50, 0}, By(1)));
  EXPECT_EQ(Value("a", 2), "old") << "until the new definition has one";
  EXPECT_EQ((*calls_.Get("a", 2))->fingerprint(), 1U);
  Put("a", MakeEntry("a", "new", {1, 10, 0}, By(2)));
  EXPECT_EQ(Value("a", 2), "new") << "versions of two definitions do not compete";
  EXPECT_EQ(Value("a", 1), GetParam().one_definition ? "new" : "old");
}

TEST_P(StoreConformance, ReturnsNothingPastItsLife) {
  Put("a", MakeEntry("a", "1", {1, 20, 0}, Until(minutes(1))));
  EXPECT_EQ(Value("a"), "1");
  EXPECT_EQ(Value("a", 2), GetParam().zero_is_a_definition ? "1" : "none");
  scheduler_.Advance(minutes(2));
  EXPECT_EQ(Value("a"), "none");
  EXPECT_EQ(Value("a", 2), "none");
  Put("a", MakeEntry("a", "2", {1, 10, 0}));
  EXPECT_EQ(Value("a"), "2") << "what is past its life stands in nobody's way";
}

TEST_P(StoreConformance, ATombstoneIsReturnedAndBeatsOlderFills) {
  Put("a", MakeEntry("a", "1", {1, 10, 0}));
  Put("a", MakeTombstone("a", {1, 10, 1}));
  EXPECT_EQ(Value("a"), "tombstone");
  Put("a", MakeEntry("a", "1", {1, 10, 0}));
  EXPECT_EQ(Value("a"), "tombstone");
  Put("a", MakeEntry("a", "2", {1, 11, 0}));
  EXPECT_EQ(Value("a"), "2");
}

TEST_P(StoreConformance, CompareAndSetDemandsTheContentsVersion) {
  Put("a", MakeEntry("a", "1", {1, 10, 0}));
  EXPECT_EQ(PutIfError("a", MakeEntry("a", "2", {1, 12, 0}), {1, 9, 0}), ErrorCode::kVersionMismatch);
  EXPECT_EQ(Value("a"), "1");
  EXPECT_TRUE(calls_.PutIf("a", MakeEntry("a", "2", {1, 12, 0}), {1, 10, 0}));
  EXPECT_EQ(Value("a"), "2");
  const auto renewed = [](EntryFacts& entry) { entry.version = {1, 15, 0}; };
  Put("a", MakeEntry("a", "2", {1, 12, 0}, renewed));
  EXPECT_EQ(PutIfError("a", MakeEntry("a", "3", {1, 16, 0}), {1, 15, 0}), ErrorCode::kVersionMismatch);
  EXPECT_TRUE(calls_.PutIf("a", MakeEntry("a", "3", {1, 16, 0}), {1, 12, 0})) << "a renewal leaves the ETag";
}

TEST_P(StoreConformance, CompareAndSetNeedsAnEntryOfItsDefinition) {
  const Version version{1, 10, 0};
  EXPECT_EQ(PutIfError("a", MakeEntry("a", "2", {1, 11, 0}), version), ErrorCode::kVersionMismatch) << "missing";
  Put("a", MakeEntry("a", "1", version, By(1)));
  EXPECT_EQ(PutIfError("a", MakeEntry("a", "2", {1, 11, 0}, By(2)), version), ErrorCode::kVersionMismatch);
  EXPECT_EQ(Value("a", 1), "1") << "a write that lost forgets nothing";
  Put("b", MakeTombstone("b", version));
  EXPECT_EQ(PutIfError("b", MakeEntry("b", "2", {1, 11, 0}), version), ErrorCode::kVersionMismatch) << "a tombstone";
  Put("c", MakeEntry("c", "1", version, Until(seconds(30))));
  scheduler_.Advance(minutes(1));
  EXPECT_EQ(PutIfError("c", MakeEntry("c", "2", {1, 11, 0}), version), ErrorCode::kVersionMismatch) << "expired";
}

TEST_P(StoreConformance, CompareAndSetNeverGoesBack) {
  const auto renewed = [](EntryFacts& entry) { entry.version = {1, 15, 0}; };
  Put("a", MakeEntry("a", "1", {1, 10, 0}, renewed));
  EXPECT_EQ(PutIfError("a", MakeEntry("a", "2", {1, 12, 0}), {1, 10, 0}), ErrorCode::kVersionMismatch);
  EXPECT_EQ(Value("a"), "1");
}

TEST_P(StoreConformance, KeepsRecordsByName) {
  const std::string bytes("\0\xff", 2);
  ASSERT_TRUE(calls_.PutRecord("mark/b", "1"));
  ASSERT_TRUE(calls_.PutRecord("mark/a", "2"));
  ASSERT_TRUE(calls_.PutRecord("mark/a", bytes));
  ASSERT_TRUE(calls_.PutRecord("marker", "3"));
  ASSERT_TRUE(calls_.PutRecord("epoch", "4"));
  Put("mark/c", MakeEntry("mark/c", "1", {}));
  EXPECT_THAT(*calls_.GetRecords("mark/"), ElementsAre(Pair("mark/a", bytes), Pair("mark/b", "1")));
  ASSERT_TRUE(calls_.DeleteRecord("mark/a"));
  ASSERT_TRUE(calls_.DeleteRecord("mark/none"));
  EXPECT_THAT(*calls_.GetRecords("mark/"), ElementsAre(Pair("mark/b", "1")));
  EXPECT_EQ(calls_.GetRecords("")->size(), 3U);
  EXPECT_THAT(*calls_.GetRecords("x"), IsEmpty());
}

TEST_P(StoreConformance, CallbacksRunOnAnotherThread) {
  const std::thread::id here = std::this_thread::get_id();
  std::promise<std::thread::id> put;
  store_->Put("a", MakeEntry("a", "1", {}), [&](const Result<void>&) { put.set_value(std::this_thread::get_id()); });
  EXPECT_NE(put.get_future().get(), here);
  std::promise<std::thread::id> got;
  store_->Get("a", 0, [&](const Result<EntryPtr>&) { got.set_value(std::this_thread::get_id()); });
  EXPECT_NE(got.get_future().get(), here);
}

TEST_P(StoreConformance, CloseFinishesWritesAndThenRefuses) {
  std::vector<std::future<Result<void>>> writes;
  for (int i = 0; i < 100; ++i) {
    auto done = std::make_shared<std::promise<Result<void>>>();
    writes.push_back(done->get_future());
    store_->PutRecord(std::to_string(i), "1", [done](Result<void> result) { done->set_value(std::move(result)); });
  }
  store_->Close();
  for (auto& write : writes) EXPECT_TRUE(write.get());
  EXPECT_EQ(calls_.Get("a").error().code, ErrorCode::kStoreError);
  EXPECT_EQ(calls_.Put("a", MakeEntry("a", "1", {})).error().code, ErrorCode::kStoreError);
  EXPECT_EQ(calls_.PutRecord("a", "1").error().code, ErrorCode::kStoreError);
  EXPECT_EQ(calls_.GetRecords("").error().code, ErrorCode::kStoreError);
}

TEST_P(StoreConformance, TheNewestOfManyThreadsStays) {
  constexpr unsigned kThreads = 4;
  constexpr std::uint64_t kKeys = 5;
  constexpr std::uint64_t kWrites = 300;
  {
    std::vector<std::jthread> threads;
    for (unsigned seed = 0; seed < kThreads; ++seed) {
      threads.emplace_back([this, seed] {
        std::vector<std::uint64_t> numbers(kWrites);
        for (std::uint64_t i = 0; i < kWrites; ++i) numbers[i] = i * kThreads + seed;
        std::shuffle(numbers.begin(), numbers.end(), std::mt19937(seed));
        for (const std::uint64_t number : numbers) {
          const std::string key = std::to_string(number % kKeys);
          EXPECT_TRUE(calls_.Put(key, MakeEntry(key, std::to_string(number), {1, number, 0})));
          const EntryPtr read = *calls_.Get(key);
          EXPECT_TRUE(read && read->version().number >= number) << "a read after a write sees it, or what beat it";
        }
      });
    }
  }
  for (std::uint64_t key = 0; key < kKeys; ++key) {
    EXPECT_EQ(Value(std::to_string(key)), std::to_string(kThreads * kWrites - kKeys + key));
  }
}

TEST_P(StoreConformance, OfCompareAndSetsAtOnceOneWins) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kRounds = 100;
  Put("a", MakeEntry("a", "0", {1, 0, 0}));
  const auto increment = [this] {
    const Result<EntryPtr> got = calls_.Get("a");
    if (!got || !*got) throw std::runtime_error(got ? "the entry is gone" : got.error().message);
    const EntryPtr read = *got;
    const std::uint64_t next = read->version().number + 1;
    return calls_.PutIf("a", MakeEntry("a", std::to_string(next), {1, next, 0}), read->content_version());
  };
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (std::uint64_t won = 0; won < kRounds;) won += increment() ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(Value("a"), std::to_string(kThreads * kRounds)) << "no increment was lost, none counted twice";
}

}  // namespace
}  // namespace kck
