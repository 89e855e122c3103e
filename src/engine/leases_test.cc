// Leases: who computes what no product does, one at a time, and what ends that.
#include "engine/leases.h"

#include <fmt/format.h>

#include <deque>

#include "testing/engine_fixture.h"
#include "testing/sharer.h"

namespace kck {
namespace {

using std::chrono::seconds;

class Leasing : public EngineFixture {
 protected:
  using Answered = std::shared_ptr<std::optional<Result<Leased>>>;

  Leasing() { NewHolders(); }

  void NewHolders() {
    one_ = engine_->leases().AddHolder();
    other_ = engine_->leases().AddHolder();
  }

  Answered Ask(const LeaseId& id, const std::string& key = "free/1", Duration hold = seconds(60)) {
    auto answered = std::make_shared<std::optional<Result<Leased>>>();
    engine_->Lease(Key(key), id, {scheduler_.Now() + seconds(15), hold},
                   [answered](Result<Leased> result) { *answered = std::move(result); });
    scheduler_.RunReady();
    return answered;
  }

  // "lease", "lease stale 5", else as Text of a fetch.
  static std::string Says(const Answered& answered) {
    if (!*answered) return "waits";
    if (!**answered) return fmt::format("error {}", ErrorName((**answered).error().code));
    const Leased& leased = ***answered;
    std::string text = leased.is_granted ? "lease" : "";
    if (!leased.served) return text;
    if (leased.is_granted) text += ' ';
    if (leased.served->freshness != Freshness::kFresh) text += "stale ";
    return text + std::string(leased.served->entry->value());
  }

  Written Publish(const LeaseId& id, const std::string& value, SetTerms terms = {}) {
    auto written = std::make_shared<std::optional<Result<Version>>>();
    terms.lease = id;
    engine_->Set(Key("free/1"), value, {}, [written](Result<Version> result) { *written = std::move(result); }, terms);
    scheduler_.RunReady();
    return written;
  }

  static std::string Says(const Written& written) {
    if (!*written) return "waits";
    return **written ? "done" : fmt::format("error {}", ErrorName((**written).error().code));
  }

  bool GiveUp(const LeaseId& id) {
    const bool was = engine_->leases().GiveUp("free/1", id);
    scheduler_.RunReady();
    return was;
  }

  void Lose(const std::string& holder) {
    engine_->leases().RemoveHolder(holder);
    scheduler_.RunReady();
  }

  const LeaseCounters& counters() { return engine_->leases().counters(); }

  std::string one_;
  std::string other_;
};

TEST_F(Leasing, OneGetsItAndTheOthersItsValue) {
  const auto first = Ask({one_, 1});
  EXPECT_EQ(Says(first), "lease");
  std::deque<Answered> others;
  for (std::uint64_t i = 2; i < 100; ++i) others.push_back(Ask({i % 2 == 0 ? one_ : other_, i}));
  for (const auto& other : others) EXPECT_EQ(Says(other), "waits");
  EXPECT_EQ(engine_->leases().waiting(), 98U);
  EXPECT_EQ(Says(Publish({one_, 1}, "5")), "done");
  for (const auto& other : others) EXPECT_EQ(Says(other), "5");
  EXPECT_EQ(Says(Ask({other_, 100})), "5") << "it is there now";
  EXPECT_EQ(Peek("free/1"), "5");
  EXPECT_EQ(counters().granted, 1U);
  EXPECT_EQ(counters().published, 1U);
  EXPECT_EQ(engine_->leases().leases(), 0U);
  EXPECT_EQ(engine_->leases().waiting(), 0U);
}

TEST_F(Leasing, GivenUpItIsTheNextOnes) {
  Ask({one_, 1});
  const auto second = Ask({other_, 1});
  const auto third = Ask({one_, 2});
  EXPECT_FALSE(GiveUp({one_, 7})) << "there is no such lease";
  EXPECT_TRUE(GiveUp({one_, 1}));
  EXPECT_EQ(Says(second), "lease");
  EXPECT_EQ(Says(third), "waits");
  EXPECT_FALSE(GiveUp({one_, 1}));
  EXPECT_EQ(Says(Publish({one_, 1}, "1")), "error VersionMismatch");
  EXPECT_EQ(Says(Publish({other_, 1}, "2")), "done");
  EXPECT_EQ(Says(third), "2");
}

TEST_F(Leasing, AWishIsGivenUpToo) {
  Ask({one_, 1});
  const auto second = Ask({other_, 1});
  EXPECT_TRUE(GiveUp({other_, 1}));
  EXPECT_EQ(Says(second), "error VersionMismatch");
  EXPECT_TRUE(GiveUp({one_, 1}));
  EXPECT_EQ(engine_->leases().leases(), 0U) << "it went to nobody";
}

TEST_F(Leasing, AHolderThatIsGoneHoldsAndWishesNothing) {
  Ask({one_, 1});
  const auto of_the_same = Ask({one_, 2});
  const auto other = Ask({other_, 1});
  Lose(one_);
  EXPECT_EQ(Says(of_the_same), "error VersionMismatch");
  EXPECT_EQ(Says(other), "lease");
  EXPECT_EQ(counters().lost, 1U);
  EXPECT_EQ(Says(Ask({one_, 3})), "error VersionMismatch");
  EXPECT_EQ(Says(Publish({one_, 1}, "1")), "error VersionMismatch");
  Lose(other_);
  EXPECT_EQ(engine_->leases().leases(), 0U);
}

TEST_F(Leasing, ItsTimeIsBounded) {
  Ask({one_, 1}, "free/1", seconds(5));
  const auto next = Ask({other_, 1});
  scheduler_.Advance(seconds(4));
  EXPECT_EQ(Says(next), "waits");
  scheduler_.Advance(seconds(2));
  EXPECT_EQ(Says(next), "lease");
  EXPECT_EQ(counters().expired, 1U);
  EXPECT_EQ(Says(Publish({one_, 1}, "1")), "error VersionMismatch");
  EXPECT_EQ(Peek("free/1"), "miss") << "nothing was changed";
  EXPECT_EQ(Says(Publish({other_, 1}, "2")), "done");
}

TEST_F(Leasing, WaitersTimeOutByThemselves) {
  Ask({one_, 1});
  const auto waits = Ask({other_, 1});
  scheduler_.Advance(seconds(16));
  EXPECT_EQ(Says(waits), "error KCKSourceTimeout");
  EXPECT_EQ(engine_->leases().waiting(), 0U);
  EXPECT_EQ(Says(Publish({one_, 1}, "1")), "done");
}

TEST_F(Leasing, ASetMeanwhileWins) {
  Ask({one_, 1});
  const auto waits = Ask({other_, 1});
  EXPECT_EQ(Says(Set("free/1", "9")), "done");
  EXPECT_EQ(Says(waits), "9");
  EXPECT_EQ(Says(Publish({one_, 1}, "1")), "error VersionMismatch");
  EXPECT_EQ(Peek("free/1"), "9");
  EXPECT_EQ(counters().superseded, 1U);
}

TEST_F(Leasing, APurgeMeanwhileWinsAndIsComputedAnew) {
  Ask({one_, 1});
  const auto waits = Ask({other_, 1});
  EXPECT_EQ(Says(Purge("free/1")), "done");
  EXPECT_EQ(Says(waits), "lease") << "what the first computes may be what was purged";
  EXPECT_EQ(Says(Publish({one_, 1}, "1")), "error VersionMismatch");
  EXPECT_EQ(Peek("free/1"), "miss");
  EXPECT_EQ(Says(Publish({other_, 1}, "2")), "done");
  EXPECT_EQ(Peek("free/1"), "2");
}

TEST_F(Leasing, AWriteThatWasAskedForFirstWins) {
  Ask({one_, 1});
  store_.hold_puts = true;
  const auto set = Set("free/1", "9");
  const auto published = Publish({one_, 1}, "1");
  EXPECT_EQ(Says(published), "waits");
  store_.hold_puts = false;
  store_.ReleasePuts();
  scheduler_.RunReady();
  EXPECT_EQ(Says(set), "done");
  EXPECT_EQ(Says(published), "error VersionMismatch");
  EXPECT_EQ(Peek("free/1"), "9");
}

TEST_F(Leasing, AWriteDuringTheLookEndsIt) {
  store_.hold_gets = true;
  const auto first = Ask({one_, 1});
  EXPECT_EQ(Says(first), "waits");
  store_.hold_gets = false;
  EXPECT_EQ(Says(Set("free/1", "9")), "done");
  EXPECT_EQ(Says(first), "9");
  store_.ReleaseGets();
  scheduler_.RunReady();
  EXPECT_EQ(engine_->leases().leases(), 0U) << "what the look brings is nobody's any more";
}

TEST_F(Leasing, APurgeDuringTheLookMakesItAnew) {
  Set("free/1", "9");
  Restart();
  NewHolders();
  store_.hold_gets = true;
  const auto first = Ask({one_, 1});
  store_.hold_gets = false;
  EXPECT_EQ(Says(Purge("free/1")), "done");
  EXPECT_EQ(Says(first), "lease");
  store_.ReleaseGets();
  scheduler_.RunReady();
  EXPECT_EQ(Peek("free/1"), "miss") << "the first look had found what was purged";
  EXPECT_EQ(Says(Publish({one_, 1}, "1")), "done");
  EXPECT_EQ(Peek("free/1"), "1");
}

TEST_F(Leasing, WhatTheStoreHasGoesToMemory) {
  Set("free/1", "9");
  Restart();
  NewHolders();
  EXPECT_EQ(Says(Ask({one_, 1})), "9");
  EXPECT_EQ(Peek("free/1"), "9");
}

TEST_F(Leasing, ItIsNotPastItsTimeWhileItsValueIsPut) {
  Ask({one_, 1}, "free/1", seconds(5));
  const auto waits = Ask({other_, 1});
  store_.hold_puts = true;
  const auto published = Publish({one_, 1}, "1");
  scheduler_.Advance(seconds(6));
  Lose(one_);
  EXPECT_EQ(Says(waits), "waits");
  store_.hold_puts = false;
  store_.ReleasePuts();
  scheduler_.RunReady();
  EXPECT_EQ(Says(published), "done");
  EXPECT_EQ(Says(waits), "1");
}

TEST_F(Leasing, AStoreThatFailsLeavesItToTheNext) {
  Ask({one_, 1});
  const auto waits = Ask({other_, 1});
  store_.down = true;
  EXPECT_EQ(Says(Publish({one_, 1}, "1")), "error KCKStoreError");
  EXPECT_EQ(Says(waits), "lease");
  store_.down = false;
  EXPECT_EQ(Says(Publish({other_, 1}, "2")), "done");
}

TEST_F(Leasing, StaleGoesToAllAndTheLeaseToOne) {
  Ask({one_, 1});
  EXPECT_EQ(Says(Publish({one_, 1}, "1", {seconds(100), seconds(10), {}})), "done");
  scheduler_.Advance(seconds(9));
  EXPECT_EQ(Says(Ask({one_, 2})), "1");
  scheduler_.Advance(seconds(2));
  EXPECT_EQ(Peek("free/1"), "stale 1");
  EXPECT_EQ(Text(Fetch("free/1")), "stale 1");
  EXPECT_EQ(Says(Ask({one_, 3})), "lease stale 1");
  EXPECT_EQ(Says(Ask({other_, 1})), "stale 1");
  EXPECT_EQ(Says(Publish({one_, 3}, "2", {seconds(100), seconds(10), {}})), "done");
  EXPECT_EQ(Says(Ask({other_, 2})), "2");
  scheduler_.Advance(seconds(101));
  EXPECT_EQ(Peek("free/1"), "miss");
  EXPECT_EQ(Text(Fetch("free/1")), "error KCKUnknownKey");
  EXPECT_EQ(Says(Ask({other_, 3})), "lease");
}

TEST_F(Leasing, LivesCountFromWhereTheComputeBegan) {
  Ask({one_, 1});
  scheduler_.Advance(seconds(8));
  EXPECT_EQ(Says(Publish({one_, 1}, "1", {seconds(100), seconds(10), {}})), "done");
  EXPECT_EQ(Peek("free/1"), "1");
  scheduler_.Advance(seconds(3));
  EXPECT_EQ(Peek("free/1"), "stale 1");
}

TEST_F(Leasing, LivesOutlastARestart) {
  Ask({one_, 1});
  Publish({one_, 1}, "1", {seconds(100), seconds(10), {}});
  Restart();
  NewHolders();
  EXPECT_EQ(Says(Ask({one_, 1})), "1");
  scheduler_.Advance(seconds(11));
  Restart();
  NewHolders();
  EXPECT_EQ(Says(Ask({one_, 1})), "lease stale 1");
  EXPECT_EQ(Says(Publish({one_, 1}, "2")), "done") << "what it saw in the store is what is there";
}

TEST_F(Leasing, AskedAgainItIsTheSame) {
  EXPECT_EQ(Says(Ask({one_, 1})), "lease");
  EXPECT_EQ(Says(Ask({one_, 1})), "lease") << "its answer may have been lost";
  EXPECT_EQ(counters().granted, 1U);
  const auto lost = Ask({other_, 1});
  const auto again = Ask({other_, 1});
  EXPECT_EQ(Says(lost), "error VersionMismatch");
  EXPECT_TRUE(GiveUp({one_, 1}));
  EXPECT_EQ(Says(again), "lease");
}

TEST_F(Leasing, IsBounded) {
  limits_.leases = {2, 1};
  Restart();
  NewHolders();
  EXPECT_EQ(Says(Ask({one_, 1}, "free/1")), "lease");
  EXPECT_EQ(Says(Ask({one_, 2}, "free/2")), "lease");
  EXPECT_EQ(Says(Ask({one_, 3}, "free/3")), "error KCKOverloaded");
  EXPECT_EQ(Says(Ask({one_, 4}, "free/1")), "waits");
  EXPECT_EQ(Says(Ask({one_, 5}, "free/1")), "error KCKOverloaded");
}

TEST_F(Leasing, StoppingRefusesWhoWaits) {
  Ask({one_, 1});
  const auto waits = Ask({other_, 1});
  engine_->Stop();
  scheduler_.RunReady();
  EXPECT_EQ(Says(waits), "error KCKOverloaded");
  EXPECT_EQ(Says(Ask({one_, 2})), "error KCKOverloaded");
}

TEST_F(Leasing, AProductsKeyIsFetched) {
  const auto asked = Ask({one_, 1}, "item/1");
  EXPECT_EQ(Says(asked), "waits");
  Answer(0, "[1]", 10);
  EXPECT_EQ(Says(asked), "[1]");
  EXPECT_EQ(counters().granted, 0U);
}

// Processes that share a store have leases of their own, and the versions there keep order between them.
class SharedLeases : public Sharing {};

TEST_F(SharedLeases, ASetOfAnotherProcessMeanwhileWins) {
  const auto one = Start("one");
  const auto other = Start("other");
  ASSERT_TRUE(one->Set("free/1", "1"));
  ASSERT_TRUE(one->Purge("free/1"));
  const LeaseId id{one->engine().leases().AddHolder(), 1};
  bool granted = false;
  const auto ask = [&] {
    granted = false;
    one->engine().Lease(one->Key("free/1"), id, {TimePoint::max(), std::chrono::seconds(60)},
                        [&](const Result<Leased>& leased) { granted = leased && leased->is_granted; });
    scheduler_.RunReady();
  };
  const auto publish = [&](const std::string& value) {
    bool done = false;
    one->engine().Set(one->Key("free/1"), value, {},
                      [&](const Result<Version>& version) { done = version.has_value(); }, {{}, {}, id});
    scheduler_.RunReady();
    return done;
  };
  ask();
  ASSERT_TRUE(granted);
  EXPECT_TRUE(publish("2")) << "the purge that it saw is no hindrance";
  ASSERT_TRUE(one->Purge("free/1"));
  ask();
  ASSERT_TRUE(granted);
  ASSERT_TRUE(other->Set("free/1", "3"));
  EXPECT_FALSE(publish("4"));
  EXPECT_EQ(other->Get("free/1"), "3");
}

}  // namespace
}  // namespace kck
