// Engines that share a store: what one puts, marks and purges, the others serve, or do not.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/recheck_pace.h"
#include "testing/sharer.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(Sharing, WhatOneComputesTheOtherServesWithoutItsSource) {
  const auto one = Start("one");
  const auto other = Start("other");
  EXPECT_EQ(one->Get("item/1"), "waits");
  EXPECT_EQ(one->Answer("[1]", 10), "[1]");
  EXPECT_EQ(other->Get("item/1"), "[1]");
  EXPECT_EQ(other->begun(), 0U);
}

TEST_F(Sharing, ARefillByAnotherIsServedOnceTheStoreIsLookedAtAgain) {
  const auto one = Start("one");
  const auto other = Start("other");
  ShareOne(*one, *other);
  one->Refresh("item/1");
  one->Answer("[2]", 11);
  EXPECT_EQ(other->Get("item/1"), "[1]") << "nobody has told it";
  PassRecheck();
  EXPECT_EQ(other->Get("item/1"), "[2]");
  EXPECT_EQ(other->begun(), 0U);
}

// A key in use never waits for that: its readers are served while the store is asked behind them.
TEST_F(Sharing, AKeyInUseIsAskedForBehindItsReaders) {
  const auto one = Start("one");
  const auto other = Start("other");
  ShareOne(*one, *other);
  one->Refresh("item/1");
  one->Answer("[2]", 11);
  const int reads = shared_.reads;
  scheduler_.Advance(milliseconds(400));
  const std::optional<Served> hit = other->engine().Peek("item/1");
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->entry->value(), "[1]");
  EXPECT_TRUE(other->engine().Peek("item/1")) << "one look for all who come at once";
  scheduler_.RunReady();
  EXPECT_EQ(shared_.reads, reads + 1);
  EXPECT_EQ(other->engine().Peek("item/1")->entry->value(), "[2]");
}

// They are the source's load, not that of looking after what memory holds.
TEST_F(Sharing, MissesDoNotStretchTheTimeBetweenLooks) {
  const auto one = Start("one");
  for (int i = 0; i < 3000; ++i) one->Get(fmt::format("item/{}", i));
  EXPECT_EQ(one->engine().counters().rechecks, 0U);
  one->Answer("[1]", 10);
  scheduler_.Advance(milliseconds(400));
  one->Get("item/2999");
  EXPECT_EQ(one->engine().counters().rechecks, 1U);
}

TEST_F(Sharing, APurgeReachesWhatTheOthersHold) {
  const auto one = Start("one");
  const auto other = Start("other");
  ShareOne(*one, *other);
  EXPECT_TRUE(one->Purge("item/1"));
  PassRecheck();
  EXPECT_EQ(other->Get("item/1"), "waits");
  EXPECT_EQ(other->Answer("[2]", 10), "[2]") << "an idle database: the same version number";
  PassRecheck();
  EXPECT_EQ(one->Get("item/1"), "[2]");
  EXPECT_EQ(one->begun(), 1U);
}

// Which read a newer state of the database than the one that purges had seen.
TEST_F(Sharing, APurgeBeatsWhatAnotherIsComputing) {
  const auto one = Start("one");
  const auto other = Start("other");
  one->Get("item/1");
  one->Answer("[1]", 10);
  other->Refresh("item/1");
  scheduler_.RunReady();
  one->SetMoment(12);
  EXPECT_TRUE(one->Purge("item/1"));
  other->Answer("[before]", 12);
  PassRecheck();
  EXPECT_EQ(other->Get("item/1"), "waits");
  EXPECT_EQ(other->Answer("[after]", 12), "[after]") << "of an idle database";
  PassRecheck();
  EXPECT_EQ(one->Get("item/1"), "[after]");
}

// The tombstone lives for minutes, and another node may hold the entry for days.
TEST_F(Sharing, APurgeReachesWhatIsHeldLongerThanItsTombstone) {
  const auto one = Start("one");
  const auto other = Start("other");
  ShareOne(*one, *other);
  EXPECT_TRUE(one->Purge("item/1"));
  scheduler_.Advance(std::chrono::hours(1));
  EXPECT_EQ(other->Get("item/1"), "waits");
}

TEST_F(Sharing, AProductsPurgeReachesTheOthersAndIsOverWithTheRefill) {
  const auto one = Start("one");
  const auto other = Start("other");
  for (const auto* key : {"item/1", "item/2"}) {
    one->Get(key);
    one->Answer("[1]", 10);
    other->Get(key);
  }
  EXPECT_TRUE(one->Mark(&Engine::PurgeProduct));
  EXPECT_EQ(one->Get("item/1"), "waits");
  EXPECT_EQ(one->Answer("[2]", 11), "[2]");
  PassRecheck();
  EXPECT_EQ(other->Get("item/1"), "[2]") << "computed after the purge, by the other";
  EXPECT_EQ(other->begun(), 0U);
  EXPECT_EQ(other->Get("item/2"), "waits") << "what is left in the store is of before";
  other->Answer("[2]", 11);
  PassRecheck();
  EXPECT_EQ(one->Get("item/2"), "[2]");
}

TEST_F(Sharing, AProductsRefreshMakesItStaleEverywhere) {
  const auto one = Start("one");
  const auto other = Start("other");
  ShareOne(*one, *other);
  EXPECT_TRUE(one->Mark(&Engine::RefreshProduct));
  PassRecheck();
  EXPECT_EQ(other->Get("item/1"), "stale [1]");
}

// It began before the purge, and the process that computes it has not heard of that.
TEST_F(Sharing, AFillThatBeganBeforeAPurgeOfItsProductIsGoneForAll) {
  const auto one = Start("one");
  const auto other = Start("other");
  EXPECT_EQ(other->Get("item/1"), "waits");
  EXPECT_TRUE(one->Mark(&Engine::PurgeProduct));
  EXPECT_EQ(other->Answer("[old]", 10), "[old]");
  EXPECT_EQ(one->Get("item/1"), "waits");
  PassRecheck();
  EXPECT_EQ(other->Get("item/1"), "waits");
}

// By the time that it is stored, its process has heard of the mark; but it began before.
TEST_F(Sharing, AFillThatBeganBeforeItsProductWasMarkedIsStaleForAll) {
  const auto one = Start("one");
  const auto other = Start("other");
  other->Get("item/3");
  other->Answer("[3]", 10);
  EXPECT_EQ(other->Get("item/1"), "waits");
  EXPECT_TRUE(one->Mark(&Engine::RefreshProduct));
  PassRecheck();
  EXPECT_EQ(other->Get("item/2"), "waits");
  EXPECT_EQ(other->Answer("[2]", 10), "[2]");
  other->AnswerNumber(1, "[old]", 10);
  EXPECT_EQ(one->Get("item/1"), "stale [old]");
  EXPECT_EQ(one->Get("item/2"), "[2]");
}

// Of a write that is committed: it is due for certain, whoever hears that the store does not answer.
TEST_F(Sharing, AMarkOfAProductThatTheStoreRefusedIsToldOnceItIsBack) {
  const auto whole = [](Product& product) {
    Trigger trigger;
    trigger.text = trigger.source = "item";
    trigger.whole_source = true;
    product.refresh.after_updates = {trigger};
  };
  const auto one = Start("one", whole);
  const auto other = Start("other", whole);
  ShareOne(*one, *other);
  other->Get("item/2");
  other->Answer("[1]", 10);
  one->Update(WrittenAt(12), "", [this] { shared_.down = true; });
  shared_.down = false;
  PassRecheck();
  EXPECT_EQ(one->Get("item/2"), "stale [1]") << "what is taken in is not known to be newer, until the mark is told";
  EXPECT_EQ(other->Get("item/1"), "stale [1]");
}

TEST_F(Sharing, APurgeThatTheStoreRefusedDoesNotHappenLater) {
  const auto one = Start("one");
  const auto other = Start("other");
  other->Get("item/1");
  other->Answer("[1]", 10);
  shared_.down = true;
  EXPECT_FALSE(one->Mark(&Engine::PurgeProduct));
  shared_.down = false;
  scheduler_.Advance(seconds(5));
  EXPECT_EQ(other->Get("item/1"), "[1]");
}

TEST_F(Sharing, APutThatWasLostIsMadeAgainWhereItIsRead) {
  const auto one = Start("one");
  const auto other = Start("other");
  ShareOne(*one, *other);
  one->Refresh("item/1");
  shared_.down = true;
  one->Answer("[2]", 12);
  shared_.down = false;
  EXPECT_EQ(one->Get("item/1"), "[2]");
  PassRecheck();
  EXPECT_EQ(one->Get("item/1"), "[2]");
  PassRecheck();
  EXPECT_EQ(other->Get("item/1"), "[2]");
  EXPECT_EQ(other->begun(), 0U);
}

TEST_F(Sharing, SetsOfTwoProcessesFollowEachOther) {
  const auto one = Start("one");
  const auto other = Start("other");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(one->Set("note", "1"));
  EXPECT_EQ(other->Get("note"), "1");
  EXPECT_TRUE(one->Set("note", "2"));
  EXPECT_TRUE(other->Set("note", "3")) << "though memory held an older version";
  PassRecheck();
  EXPECT_EQ(one->Get("note"), "3");
  EXPECT_TRUE(one->Purge("note"));
  PassRecheck();
  EXPECT_EQ(other->Get("note"), "error KCKUnknownKey");
}

// Two that set at once may give one version to two contents.
TEST_F(Sharing, OfTwoSetValuesOfOneVersionTheStoresCounts) {
  const auto one = Start("one");
  EXPECT_TRUE(one->Set("note", "1"));
  EntryFacts facts = one->engine().Peek("note")->entry->facts();
  facts.fill_sequence += 1000;
  facts.as_of_unix_ms -= 1;
  const auto other = shared_.Open("other");
  bool put = false;
  other->PutShared("note", {Entry::Make("note", facts, "2"), {}, "", {}}, std::nullopt,
                   [&](const Result<void>& done) { put = done.has_value(); });
  scheduler_.RunReady();
  EXPECT_TRUE(put);
  PassRecheck();
  EXPECT_EQ(one->Get("note"), "2");
}

// Sequences of two processes say nothing of each other, but what is computed after a value is known supersedes it.
TEST_F(Sharing, WithoutStampsALaterComputeSupersedesWhatItKnew) {
  const auto one = Start("one");
  for (int i = 0; i < 1000; ++i) one->engine().NextSequence();
  const auto other = Start("other");
  one->Get("item/1");
  EXPECT_EQ(one->AnswerUnstamped("[1]"), "[1]");
  EXPECT_EQ(other->Get("item/1"), "[1]");
  other->Refresh("item/1");
  other->AnswerUnstamped("[2]");
  EXPECT_EQ(other->Get("item/1"), "[2]");
  PassRecheck();
  EXPECT_EQ(one->Get("item/1"), "[2]");
}

TEST_F(Sharing, ATokenOfOneIsHonouredByTheOther) {
  const auto one = Start("one");
  const auto other = Start("other");
  ShareOne(*one, *other);
  const std::string token = one->Update(WrittenAt(12));
  EXPECT_EQ(other->Get("item/1", token), "waits") << "the entry's snapshot does not see the transaction";
  EXPECT_EQ(other->Answer("[2]", 13), "[2]");
  EXPECT_EQ(one->Get("item/1", token), "[2]");
  EXPECT_EQ(one->begun(), 1U);
}

// Where the sequence decides, only a compute that begins after the token came can be known to show the write.
TEST_F(Sharing, AForeignTokenWithoutATransactionAsksForANewCompute) {
  const auto one = Start("one");
  const auto other = Start("other");
  for (int i = 0; i < 1000; ++i) other->engine().NextSequence();
  other->Get("item/1");
  other->AnswerUnstamped("[1]");
  Written written = WrittenAt(0);
  written.transaction.reset();
  const std::string token = one->Update(written);
  EXPECT_EQ(one->Get("item/1", token), "waits") << "the other's sequence is above, and began before";
  EXPECT_EQ(one->AnswerUnstamped("[2]"), "[2]");
  EXPECT_EQ(other->Get("item/1", token), "waits");
}

TEST_F(Sharing, TwoDefinitionsLiveSideBySideWhileNodesAreRestarted) {
  const auto old = Start("old");
  const auto renewed = Start("new", [](Product& product) { product.fingerprint = 200; });
  old->Get("item/1");
  old->Answer("[old]", 10);
  EXPECT_EQ(renewed->Get("item/1"), "stale [old]") << "until the first by the new definition";
  renewed->Answer("[new]", 10);
  EXPECT_EQ(renewed->Get("item/1"), "[new]");
  for (int i = 0; i < 3; ++i) {
    PassRecheck();
    EXPECT_EQ(old->Get("item/1"), "[old]");
    EXPECT_EQ(renewed->Get("item/1"), "[new]");
  }
  EXPECT_EQ(old->begun() + renewed->begun(), 2U) << "neither makes the other compute again";
}

TEST_F(Sharing, ANewHistoryOfTheDatabaseIsFoundOnceForAll) {
  const auto one = Start("one");
  const auto other = Start("other");
  ShareOne(*one, *other);
  one->Get("item/2");
  one->Answer("[2]", 5, {7, 2});
  EXPECT_EQ(one->Get("item/1"), "suspect [1]");
  EXPECT_EQ(other->Get("item/2"), "[2]") << "its epoch is not known here, and is asked for";
  EXPECT_EQ(other->Get("item/1"), "suspect [1]");
}

TEST_F(Sharing, TwoThatFindANewHistoryAtOnceAgreeOnItsEpoch) {
  const auto one = Start("one");
  const auto other = Start("other");
  one->Get("item/1");
  one->Answer("[1]", 10);
  other->Get("item/2");
  other->Answer("[2]", 10);
  one->Get("item/3");
  other->Get("item/4");
  one->Answer("[3]", 5, {7, 2});
  other->Answer("[4]", 6, {7, 2});
  PassRecheck();
  EXPECT_EQ(one->Get("item/4"), "[4]");
  EXPECT_EQ(other->Get("item/3"), "[3]");
  EXPECT_EQ(one->Get("item/2"), "suspect [2]");
  EXPECT_EQ(other->Get("item/1"), "suspect [1]");
}

TEST_F(Sharing, WithoutTheStoreItServesFromItsSourceAndJoinsLater) {
  shared_.down = true;
  const auto one = Start("one");
  EXPECT_FALSE(one->started()) << "it waits a little";
  scheduler_.Advance(seconds(6));
  EXPECT_TRUE(one->started());
  EXPECT_EQ(one->Get("item/1"), "waits");
  EXPECT_EQ(one->Answer("[1]", 10), "[1]");
  EXPECT_EQ(one->Get("item/1"), "[1]");
  shared_.down = false;
  EXPECT_EQ(one->Get("item/2"), "waits");
  EXPECT_EQ(one->Answer("[2]", 11), "[2]");
  EXPECT_EQ(one->Get("item/1"), "suspect [1]") << "of before the epoch was known";
  one->Answer("[1]", 11);
  EXPECT_EQ(one->Get("item/1"), "[1]");
  const auto other = Start("other");
  EXPECT_EQ(other->Get("item/1"), "[1]");
  EXPECT_EQ(other->Get("item/2"), "[2]");
}

TEST_F(Sharing, WhatMemoryHoldsIsServedWhileTheStoreIsAway) {
  const auto one = Start("one");
  one->Get("item/1");
  one->Answer("[1]", 10);
  shared_.down = true;
  PassRecheck();
  EXPECT_EQ(one->Get("item/1"), "[1]");
  EXPECT_EQ(one->begun(), 1U);
  EXPECT_FALSE(one->Purge("item/1")) << "what is acknowledged is durable";
}

TEST_F(Sharing, ATokenIsOpenedByWhoNeverSealedOne) {
  const auto one = Start("one");
  const auto other = Start("other");
  EXPECT_TRUE(other->engine().OpenTokens(one->Update(WrittenAt(12))));
}

TEST_F(Sharing, TokensOutliveAStoreThatCameLate) {
  shared_.down = true;
  const auto one = Start("one");
  scheduler_.Advance(seconds(6));
  const std::string before = one->Update(WrittenAt(12));
  shared_.down = false;
  const auto other = Start("other");
  const std::string after = one->Update(WrittenAt(13));
  EXPECT_TRUE(one->engine().OpenTokens(before));
  const std::string later = one->Update(WrittenAt(14));
  EXPECT_TRUE(one->engine().OpenTokens(after));
  EXPECT_TRUE(other->engine().OpenTokens(later)) << "sealed by the key that all share";
}

TEST_F(Sharing, ARestartedProcessBelievesNoSequenceOfItsEarlierLife) {
  auto one = Start("one");
  one->Get("item/1");
  one->Answer("[1]", 10);
  bool noted = false;
  one->engine().QueueRefresh(one->Key("item/1"), nullptr, [&noted](const Result<void>&) { noted = true; });
  scheduler_.RunReady();
  EXPECT_TRUE(noted);
  one->Answer("[2]", 11);
  one = nullptr;
  one = Start("one");
  EXPECT_EQ(one->Get("item/1"), "[2]");
  EXPECT_EQ(one->begun(), 0U);
}

TEST(Pace, StretchesAboveItsLooksAndComesBack) {
  RecheckPace pace(seconds(1), 10);
  TimePoint now{std::chrono::hours(1)};
  EXPECT_EQ(pace.interval(), seconds(1));
  for (int i = 0; i < 10; ++i) pace.Count(now);
  EXPECT_EQ(pace.interval(), seconds(2));
  for (int second = 0; second < 100; ++second) {
    now += seconds(1);
    for (int i = 0; i < 50; ++i) pace.Count(now);
  }
  EXPECT_EQ(pace.interval(), seconds(RecheckPace::kStretchMax));
  for (int second = 0; second < 10; ++second) {
    now += seconds(1);
    pace.Count(now);
  }
  EXPECT_EQ(pace.interval(), seconds(1));
}

// item/1 is computed from item/2, by one; the other changes item/2.
TEST_F(Sharing, AChangeByAnotherOfWhatAKeyWasComputedFromMakesItDue) {
  const auto in_python = [](Product& product) { product.function = std::make_shared<PythonFunction>(); };
  const auto one = Start("one", in_python);
  const auto other = Start("other", in_python);
  one->Get("item/2");
  one->AnswerUnstamped("[2]");
  one->Get("item/1");
  ASSERT_TRUE(one->engine().BeginRead(one->Key("item/1"), "item/2"));
  one->engine().EndRead(one->Key("item/1"), "item/2", nullptr);
  EXPECT_EQ(one->AnswerUnstamped("[1]", {"item/2"}), "[1]");
  EXPECT_EQ(other->Get("item/2"), "[2]");
  other->Refresh("item/2");
  other->AnswerUnstamped("[22]");
  PassRecheck();
  one->Get("item/1");
  EXPECT_EQ(one->begun(), 3U) << "it is computed again, though nobody reads item/2 there";
  one->AnswerUnstamped("[11]", {"item/2"});
  EXPECT_EQ(one->Get("item/1"), "[11]");
  PassRecheck();
  EXPECT_EQ(other->Get("item/1"), "[11]");
}

}  // namespace
}  // namespace kck
