// Reading: misses, hits, waiting, staleness, failure.
#include "testing/engine_fixture.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Fetching : public EngineFixture {};

TEST_F(Fetching, AMissIsComputedOnceThenHit) {
  auto first = Fetch("item/1");
  EXPECT_EQ(Text(first), "waits");
  Answer(0, "[1]", 10);
  EXPECT_EQ(Text(first), "[1]");
  EXPECT_EQ(Peek("item/1"), "[1]");
  EXPECT_EQ(Text(Fetch("item/1")), "[1]");
  EXPECT_EQ(Text(Fetch("item/01")), "[1]") << "one entry has one key";
  EXPECT_EQ(primer_.begun(), 1U);
}

TEST_F(Fetching, AThousandRequestsForAColdKeyAreOneFlight) {
  std::vector<Fetched> all(1000);
  for (auto& one : all) one = Fetch("item/1");
  EXPECT_EQ(primer_.begun(), 1U);
  Answer(0, "[1]", 10);
  for (auto& one : all) EXPECT_EQ(Text(one), "[1]");
  EXPECT_EQ(engine_->counters().joined, 999U);
}

TEST_F(Fetching, WaitersAreBounded) {
  limits_.waiters_per_flight_max = 2;
  Restart();
  auto first = Fetch("item/1");
  auto second = Fetch("item/1");
  EXPECT_EQ(Text(Fetch("item/1")), "error KCKOverloaded");
  Answer(0, "[1]", 10);
  EXPECT_EQ(Text(first), "[1]");
  EXPECT_EQ(Text(second), "[1]");
}

TEST_F(Fetching, FlightsAreBounded) {
  limits_.flights_max = 1;
  Restart();
  auto first = Fetch("item/1");
  EXPECT_EQ(Text(Fetch("item/2")), "error KCKOverloaded");
  Answer(0, "[1]", 10);
  EXPECT_EQ(Text(first), "[1]");
  Fetch("item/2");
  EXPECT_EQ(primer_.begun(), 2U);
}

TEST_F(Fetching, AWaiterTimesOutAloneAndTheFlightGoesOn) {
  auto hasty = Fetch("item/1", seconds(1));
  auto patient = Fetch("item/1", seconds(20));
  scheduler_.Advance(seconds(2));
  EXPECT_EQ(Text(hasty), "error KCKSourceTimeout");
  EXPECT_EQ(Text(patient), "waits");
  Answer(0, "[1]", 10);
  EXPECT_EQ(Text(patient), "[1]");
}

TEST_F(Fetching, AnErrorReleasesAllAtOnceAndBacksOff) {
  auto first = Fetch("item/1");
  auto second = Fetch("item/1");
  Fail(0);
  EXPECT_EQ(Text(first), "error KCKSourceError");
  EXPECT_EQ(Text(second), "error KCKSourceError");
  EXPECT_EQ(Text(Fetch("item/1")), "error KCKSourceError") << "told at once while the source is left alone";
  EXPECT_EQ(primer_.begun(), 1U);
  scheduler_.Advance(milliseconds(150));
  auto again = Fetch("item/1");
  EXPECT_EQ(primer_.begun(), 2U);
  Fail(1);
  scheduler_.Advance(milliseconds(110));
  Fetch("item/1");
  EXPECT_EQ(primer_.begun(), 2U) << "the second pause is longer";
  scheduler_.Advance(milliseconds(100));
  auto healed = Fetch("item/1");
  Answer(2, "[1]", 10);
  EXPECT_EQ(Text(healed), "[1]");
}

TEST_F(Fetching, AStaleEntryIsServedAndRefreshedBehind) {
  Define([](Product& product) { product.stale_after = seconds(10); });
  Fetch("item/1");
  Answer(0, "[1]", 10);
  scheduler_.Advance(seconds(11));
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  EXPECT_EQ(primer_.begun(), 2U) << "one flight, however many read";
  Answer(1, "[2]", 11);
  EXPECT_EQ(Peek("item/1"), "[2]");
}

TEST_F(Fetching, OnStaleWaitWaitsForTheNewValueButNotForEver) {
  Define([](Product& product) {
    product.stale_after = seconds(10);
    product.on_stale = OnStale::kWait;
    product.wait_max = milliseconds(500);
  });
  Fetch("item/1");
  Answer(0, "[1]", 10);
  scheduler_.Advance(seconds(11));
  EXPECT_EQ(Peek("item/1"), "miss");
  auto waited = Fetch("item/1");
  auto gave_up = Fetch("item/1");
  EXPECT_EQ(Text(waited), "waits");
  Answer(1, "[2]", 11);
  EXPECT_EQ(Text(waited), "[2]");
  scheduler_.Advance(seconds(11));
  gave_up = Fetch("item/1");
  scheduler_.Advance(milliseconds(600));
  EXPECT_EQ(Text(gave_up), "stale [2]");
}

TEST_F(Fetching, OnStaleWaitHoldsForAnEntryOfTheStoreToo) {
  auto define = [this] {
    Define([](Product& product) {
      product.stale_after = seconds(10);
      product.on_stale = OnStale::kWait;
      product.wait_max = milliseconds(500);
    });
  };
  define();
  Fetch("item/1");
  Answer(0, "[1]", 10);
  scheduler_.Advance(seconds(11));
  Restart();
  auto waited = Fetch("item/1");
  EXPECT_EQ(Text(waited), "waits");
  scheduler_.Advance(milliseconds(600));
  EXPECT_EQ(Text(waited), "stale [1]");
}

TEST_F(Fetching, AFailingSourceLeavesTheLastGoodEntryInService) {
  Define([](Product& product) {
    product.stale_after = seconds(10);
    product.expires_after = seconds(100);
  });
  Fetch("item/1");
  Answer(0, "[1]", 10);
  scheduler_.Advance(seconds(11));
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  Fail(1);
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  Fail(2);
  scheduler_.Advance(seconds(100));
  auto expired = Fetch("item/1");
  Fail(3);
  EXPECT_EQ(Text(expired), "error KCKSourceError") << "never beyond its hard life";
}

TEST_F(Fetching, AnExpiredEntryIsNotServed) {
  Define([](Product& product) { product.expires_after = seconds(10); });
  Fetch("item/1");
  Answer(0, "[1]", 10);
  scheduler_.Advance(seconds(10));
  EXPECT_EQ(Peek("item/1"), "miss");
  auto again = Fetch("item/1");
  EXPECT_EQ(Text(again), "waits");
  Answer(1, "[2]", 11);
  EXPECT_EQ(Text(again), "[2]");
}

TEST_F(Fetching, ARenewalKeepsContentAndVersionAndExtendsLife) {
  Define([](Product& product) { product.expires_after = seconds(10); });
  auto first = Fetch("item/1");
  Answer(0, "[1]", 10);
  scheduler_.Advance(seconds(9));
  auto renewed = Refresh("item/1");
  Answer(1, "[1]", 20);
  EXPECT_EQ((*renewed)->value().entry->value(), (*first)->value().entry->value());
  EXPECT_EQ((*renewed)->value().entry->content_version(), (*first)->value().entry->version());
  EXPECT_EQ((*renewed)->value().entry->version().number, 20U);
  scheduler_.Advance(seconds(9));
  EXPECT_EQ(Peek("item/1"), "[1]");
}

TEST_F(Fetching, NewContentOfAnUnchangedSnapshotGetsAVersionOfItsOwn) {
  auto first = Fetch("item/1");
  Answer(0, "[1]", 10);
  auto second = Refresh("item/1");
  Answer(1, "[2]", 10);
  EXPECT_EQ(Text(second), "[2]");
  EXPECT_GT((*second)->value().entry->content_version(), (*first)->value().entry->content_version());
}

TEST_F(Fetching, NoRowsIsAnErrorThatIsRememberedForAMoment) {
  auto first = Fetch("item/1");
  scheduler_.RunReady();
  Primed nothing = PrimedAt("[]", 10);
  nothing.empty = true;
  primer_.Answer(0, nothing);
  scheduler_.RunReady();
  EXPECT_EQ(Text(first), "error KCKKeyNotSetException");
  EXPECT_EQ(Text(Fetch("item/1")), "error KCKKeyNotSetException");
  EXPECT_EQ(primer_.begun(), 1U);
  scheduler_.Advance(seconds(5));
  Fetch("item/1");
  EXPECT_EQ(primer_.begun(), 2U);
}

TEST_F(Fetching, NoRowsIsAValueWhereTheAuthorSaysSo) {
  Define([](Product& product) { product.empty_as = EmptyAs::kValue; });
  auto first = Fetch("item/1");
  Primed nothing = PrimedAt("[]", 10);
  nothing.empty = true;
  primer_.Answer(0, nothing);
  scheduler_.RunReady();
  EXPECT_EQ(Text(first), "[]");
  EXPECT_EQ(Peek("item/1"), "[]");
}

TEST_F(Fetching, OnMissErrorServesWhatIsThereAndComputesNothing) {
  Define([](Product& product) { product.on_miss = OnMiss::kError; });
  EXPECT_EQ(Text(Fetch("item/1")), "error KCKKeyNotSetException");
  EXPECT_EQ(primer_.begun(), 0U);
  Refresh("item/1");
  Answer(0, "[1]", 10);
  EXPECT_EQ(Text(Fetch("item/1")), "[1]");
}

TEST_F(Fetching, AnUnknownNameIsUnknown) { EXPECT_EQ(Text(Fetch("nothing/1")), "error KCKUnknownKey"); }

TEST_F(Fetching, TheStoreServesAfterARestartWithoutASource) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  Restart();
  EXPECT_EQ(Peek("item/1"), "miss");
  EXPECT_EQ(Text(Fetch("item/1")), "[1]");
  EXPECT_EQ(Peek("item/1"), "[1]");
  EXPECT_EQ(primer_.begun(), 1U);
}

TEST_F(Fetching, AStoreThatIsDownIsPassedBy) {
  store_.down = true;
  auto first = Fetch("item/1");
  Answer(0, "[1]", 10);
  EXPECT_EQ(Text(first), "[1]");
  EXPECT_EQ(Peek("item/1"), "[1]");
  EXPECT_GE(engine_->counters().store_errors, 1U);
}

TEST_F(Fetching, AHintOfARefreshThatIsWaitedForReachesItsFill) {
  Refresh("item/1", std::make_shared<const std::string>(R"({"n":1})"));
  const Hints hints = primer_.Asked(0).hints;
  ASSERT_EQ(hints.all().size(), 1U);
  EXPECT_EQ(*hints.all()[0], R"({"n":1})");
  Answer(0, "[1]", 1);
  Refresh("item/1");
  EXPECT_TRUE(primer_.Asked(1).hints.all().empty()) << "it is for one fill alone";
}

}  // namespace
}  // namespace kck
