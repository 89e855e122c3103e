// Races, made to happen: what meets a fill that is under way.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <thread>

#include "base/asio_scheduler.h"
#include "base/pause_point.h"
#include "testing/engine_fixture.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Racing : public EngineFixture {
 protected:
  // Stores [1], and computes [2], which the store refuses.
  void RefreshRefusedByTheStore() {
    Fetch("item/1");
    Answer(0, "[1]", 10);
    Refresh("item/1");
    store_.refuses_entries = true;
    Answer(1, "[2]", 11);
    store_.refuses_entries = false;
  }
};

TEST_F(Racing, APurgeDuringAFillBeatsIt) {
  auto before = Fetch("item/1");
  ASSERT_TRUE((*Purge("item/1"))->has_value());
  Answer(0, "[1]", 10);
  EXPECT_EQ(Text(before), "stale [1]") << "it asked before the purge";
  EXPECT_EQ(Peek("item/1"), "miss");
  auto after = Fetch("item/1");
  EXPECT_EQ(Text(after), "waits");
  Answer(1, "[2]", 11);
  EXPECT_EQ(Text(after), "[2]");
}

TEST_F(Racing, ASlowOldFillAfterANewOneChangesNothing) {
  auto old = Fetch("item/1");
  Purge("item/1");
  auto fresh = Fetch("item/1");
  EXPECT_EQ(primer_.begun(), 2U) << "nobody waits for a fill that will be thrown away";
  Answer(1, "[2]", 20);
  EXPECT_EQ(Text(fresh), "[2]");
  Answer(0, "[1]", 10);
  EXPECT_EQ(Peek("item/1"), "[2]");
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "[2]") << "nor in the store";
}

TEST_F(Racing, APurgeDuringAReadOfTheStoreBeatsIt) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  Restart();
  store_.hold_gets = true;
  auto reader = Fetch("item/1");
  store_.hold_gets = false;
  ASSERT_TRUE((*Purge("item/1"))->has_value());
  store_.ReleaseGets();
  scheduler_.RunReady();
  EXPECT_EQ(Peek("item/1"), "miss") << "what the store held before the purge must not come back";
}

TEST_F(Racing, AReadOfTheStoreThatAPurgeOvertookIsNotFresh) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  Restart();
  engine_->QueueRefresh(Key("item/1"), nullptr, [](const Result<void>&) {});
  store_.hold_gets = true;
  auto reader = Fetch("item/1");
  store_.hold_gets = false;
  Purge("item/1");
  Fetch("item/1");
  Answer(1, "[2]", 11);  // clears the mark
  store_.ReleaseGets();
  scheduler_.RunReady();
  EXPECT_EQ(Text(reader), "stale [1]");
}

TEST_F(Racing, AFillThatBeganDuringAPurgeIsNotForThoseWhoAskAfterIt) {
  Fetch("item/2");
  Answer(0, "[0]", 9);  // the database is known
  store_.hold_gets = true;
  auto purge = Purge("item/1");
  store_.hold_gets = false;
  auto during = Fetch("item/1");
  store_.ReleaseGets();
  scheduler_.RunReady();
  ASSERT_TRUE((*purge)->has_value());
  auto after = Fetch("item/1");
  ASSERT_EQ(primer_.begun(), 3U) << "the first one may have read before the purge was acknowledged";
  Answer(1, "[1]", 10);
  EXPECT_EQ(Text(during), "stale [1]");
  EXPECT_EQ(Text(after), "waits");
  EXPECT_EQ(Peek("item/1"), "miss");
  Answer(2, "[2]", 11);
  EXPECT_EQ(Text(after), "[2]");
}

TEST_F(Racing, APurgeOfTheProductDuringAFillBeatsIt) {
  Fetch("item/1");
  engine_->PurgeProduct("item", [](const Result<void>& result) { EXPECT_TRUE(result); });
  Answer(0, "[1]", 10);
  EXPECT_EQ(Peek("item/1"), "miss");
  auto after = Fetch("item/1");
  Answer(1, "[2]", 11);
  EXPECT_EQ(Text(after), "[2]");
}

TEST_F(Racing, ASetDuringAFillStands) {
  Define([](Product& product) { product.settable = true; });
  Fetch("item/1");
  ASSERT_TRUE((*Set("item/1", "\"mine\""))->has_value());
  Answer(0, "[1]", 10);
  EXPECT_EQ(Peek("item/1"), "\"mine\"");
  Refresh("item/1");
  Answer(1, "[2]", 10);
  EXPECT_EQ(Peek("item/1"), "[2]") << "until a fill that began after it";
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "[2]");
}

TEST_F(Racing, AChangedDefinitionDuringAFillIsNotFilledByTheOldOne) {
  auto old = Fetch("item/1");
  Define([](Product& product) { product.fingerprint = 200; });
  auto fresh = Fetch("item/1");
  EXPECT_EQ(primer_.begun(), 2U);
  Answer(1, "[\"new\"]", 20);
  Answer(0, "[\"old\"]", 21);
  EXPECT_EQ(Text(fresh), "[\"new\"]");
  EXPECT_EQ(Peek("item/1"), "[\"new\"]");
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "[\"new\"]");
}

TEST_F(Racing, AChangedDefinitionServesTheOldValueStaleUntilTheFirstNewFill) {
  auto old = Fetch("item/1");
  Answer(0, "[\"old\"]", 10);
  Define([](Product& product) { product.fingerprint = 200; });
  EXPECT_EQ(Peek("item/1"), "stale [\"old\"]");
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "stale [\"old\"]") << "from the store as well";
  Answer(primer_.begun() - 1, "[\"new\"]", 10);
  EXPECT_EQ(Peek("item/1"), "[\"new\"]");
  auto now = Fetch("item/1");
  EXPECT_NE((*now)->value().entry->content_version(), (*old)->value().entry->content_version())
      << "one version never names two contents";
}

TEST_F(Racing, ARefreshDuringAFillMakesAnother) {
  auto plain = Fetch("item/1");
  auto refresh = Refresh("item/1");
  EXPECT_EQ(primer_.begun(), 1U) << "one flight a key";
  Answer(0, "[1]", 10);
  EXPECT_EQ(Text(plain), "stale [1]") << "it began before the refresh was asked for";
  EXPECT_EQ(Text(refresh), "waits");
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  Answer(1, "[2]", 11);
  EXPECT_EQ(Text(refresh), "[2]");
  EXPECT_EQ(Peek("item/1"), "[2]");
  EXPECT_EQ(primer_.begun(), 2U);
}

TEST_F(Racing, ARefreshThatFailedIsNotForgottenByARestart) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  auto refresh = Refresh("item/1");
  Fail(1);
  EXPECT_EQ(Text(refresh), "error KCKSourceError");
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "stale [1]") << "the mark is durable";
  Fail(primer_.begun() - 1);
  EXPECT_EQ(Peek("item/1"), "stale [1]") << "also once the hot tier has it";
  scheduler_.Advance(seconds(10));
  Peek("item/1");
  Answer(primer_.begun() - 1, "[2]", 11);
  EXPECT_EQ(Peek("item/1"), "[2]");
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "[2]") << "and cleared by a newer fill";
}

TEST_F(Racing, AMarkIsForgottenAfterTheEntryThatClearsIt) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  store_.writes.clear();
  Refresh("item/1");
  Answer(1, "[2]", 11);
  EXPECT_EQ(store_.writes, (std::vector<std::string>{"record mark/key/item/1", "put item/1", "forget mark/key/item/1"}))
      << "a kill between any two of them leaves the mark or the new entry";
}

TEST_F(Racing, AMarkStaysUntilTheEntryThatClearsItIsStored) {
  RefreshRefusedByTheStore();
  EXPECT_EQ(Peek("item/1"), "[2]");
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "stale [1]") << "the store holds what was there before the refresh";
}

TEST_F(Racing, AnEntryThatTheStoreRefusedIsHandedToItAgain) {
  RefreshRefusedByTheStore();
  engine_->WantMarked();
  scheduler_.RunReady();
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "[2]");
  EXPECT_EQ(primer_.begun(), 2U);
}

TEST_F(Racing, WhatMemoryHasNoRoomForIsServedUntilTheStoreHasIt) {
  memory_bytes_ = 1;
  Restart();
  Fetch("item/1");
  Answer(0, "[1]", 10);
  store_.hold_puts = true;
  Refresh("item/1");
  Answer(1, "[2]", 11);
  EXPECT_EQ(Peek("item/1"), "miss");
  EXPECT_EQ(Text(Fetch("item/1")), "[2]") << "the store still has the older one";
  store_.ReleasePuts();
  EXPECT_EQ(Text(Fetch("item/1")), "[2]");
  EXPECT_EQ(primer_.begun(), 2U);
}

TEST_F(Racing, ASetOfWhatMemoryHasNoRoomForComesAfterIt) {
  Define([](Product& product) { product.settable = true; });
  memory_bytes_ = 1;
  Restart();
  store_.hold_puts = true;
  Fetch("item/1");
  Answer(0, "[1]", 10);
  Set("item/1", "[9]");
  store_.ReleasePuts();
  scheduler_.RunReady();
  EXPECT_EQ(Text(Fetch("item/1")), "[9]");
}

TEST_F(Racing, AVersionThatExpiredIsNotGivenToAnotherContent) {
  Define([](Product& product) {
    product.settable = true;
    product.expires_after = seconds(10);
  });
  memory_bytes_ = 1;
  Restart();
  Fetch("item/1");
  Answer(0, "[1]", 10);
  const auto before = Set("item/1", "[2]");
  scheduler_.Advance(seconds(11));
  const auto after = Set("item/1", "[3]");
  EXPECT_GT((*after)->value(), (*before)->value()) << "the database has not moved, and nobody holds the first";
}

TEST_F(Racing, WhatIsComputedWhileTheStoreCannotBeReadReplacesWhatItHolds) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  Purge("item/1");
  Fetch("item/1");
  Answer(1, "[1]", 10);
  Restart();
  store_.fails_gets = true;
  Refresh("item/1");
  Answer(2, "[2]", 10);
  store_.fails_gets = false;
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "[2]");
}

TEST_F(Racing, APurgeHoldsWhereTheEpochWasNotStored) {
  store_.down = true;
  Fetch("item/1");
  Answer(0, "[1]", 10);
  store_.down = false;
  Refresh("item/1");
  Answer(1, "[2]", 11);
  Restart();
  Purge("item/1");
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "waits");
}

TEST_F(Racing, AFillThatIsThrownAwayKeepsTheVersionOfWhatItRenews) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  Purge("item/1");
  auto before = Fetch("item/1");
  Answer(1, "[1]", 10);
  auto reader = Refresh("item/1");
  Purge("item/1");
  Answer(2, "[1]", 10);
  ASSERT_EQ(Text(reader), "stale [1]");
  EXPECT_EQ((*reader)->value().entry->version(), (*before)->value().entry->version());
}

TEST_F(Racing, ARefreshThatCannotBeMadeDurableIsRefused) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  store_.down = true;
  EXPECT_EQ(Text(Refresh("item/1")), "error KCKStoreError");
  EXPECT_EQ(primer_.begun(), 1U);
}

TEST_F(Racing, AQueuedRefreshIsAcknowledgedOnceDurable) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  bool queued = false;
  engine_->QueueRefresh(Key("item/1"), nullptr, [&](const Result<void>& result) { queued = result.has_value(); });
  scheduler_.RunReady();
  EXPECT_TRUE(queued);
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  Answer(1, "[2]", 11);
  EXPECT_EQ(Peek("item/1"), "[2]");
}

TEST_F(Racing, ADueKeyWhoseFillIsThrownAwayIsStillDue) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  refresher_.takes = false;
  engine_->QueueRefresh(Key("item/1"), nullptr, [](const Result<void>& result) { EXPECT_TRUE(result); });
  std::optional<Refreshed> refreshed;
  std::vector<Engine::RefreshTask> tasks(1);
  tasks[0] = {Key("item/1"), {}, 0, [&](const Result<Refreshed>& result) { refreshed = result.value(); }};
  engine_->RefreshBehind(std::move(tasks));
  scheduler_.RunReady();
  Define([](Product& product) { product.fingerprint = 200; });
  Answer(1, "[2]", 11);
  ASSERT_TRUE(refreshed);
  EXPECT_TRUE(refreshed->marked) << "what was computed by the old definition is nowhere";
}

TEST_F(Racing, AMarkThatComesDuringASetMakesItsValueStale) {
  Define([](Product& product) { product.settable = true; });
  refresher_.takes = false;
  store_.hold_gets = true;
  auto set = Set("item/1", "\"mine\"");
  store_.hold_gets = false;
  store_.ReleaseGets();  // the set has its place in the order now, and is not in memory yet
  engine_->QueueRefresh(Key("item/1"), nullptr, [](const Result<void>& result) { EXPECT_TRUE(result); });
  scheduler_.RunReady();
  ASSERT_TRUE((*set)->has_value());
  EXPECT_EQ(Peek("item/1"), "stale \"mine\"");
}

TEST_F(Racing, ARefreshOfTheProductIsOneMarkThatSurvives) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  engine_->RefreshProduct("item", [](const Result<void>& result) { EXPECT_TRUE(result); });
  scheduler_.RunReady();
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "stale [1]");
  Answer(primer_.begun() - 1, "[2]", 11);
  EXPECT_EQ(Peek("item/1"), "[2]");
}

TEST_F(Racing, AFillThatDoesNotSeeAWriteToTheWholeProductYetIsStale) {
  Define([](Product& product) { product.refresh.after_updates = {Trigger{"item", "item", {}, true, {}}}; });
  Fetch("item/1");
  Answer(0, "[1]", 10);
  engine_->RunUpdater({engine_->catalog()->FindUpdater("item"), WriteAction::kDelete, {}, {}}, TimePoint::max(),
                      [](const Result<Updated>& result) { EXPECT_TRUE(result); });
  scheduler_.RunReady();
  writer_->Answer(0, WrittenAt(20));
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  Answer(1, "[1]", 15);
  EXPECT_EQ(Peek("item/1"), "stale [1]") << "it began after the commit, and new snapshots did not see that yet";
  Answer(2, "[2]", 21);
  EXPECT_EQ(Peek("item/1"), "[2]");
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "[2]");
}

TEST_F(Racing, KeyMarksAreBoundedByMarkingTheProduct) {
  limits_.marks_max = 1;
  Restart();
  Fetch("item/1");
  Answer(0, "[1]", 10);
  Fetch("item/2");
  Answer(1, "[2]", 10);
  Refresh("item/1");
  Refresh("item/2");
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  EXPECT_EQ(Peek("item/2"), "stale [2]");
}

TEST_F(Racing, ARestoredDatabaseMakesOlderEntriesSuspectAndHeals) {
  Fetch("item/1");
  Answer(0, "[1]", 100);
  Fetch("item/2");
  Answer(1, "[2]", 100);
  Refresh("item/1");
  Answer(2, "[3]", 50);  // fewer transactions than a completed fill had seen: the database went back
  EXPECT_EQ(Peek("item/1"), "[3]");
  EXPECT_EQ(Peek("item/2"), "suspect [2]");
  Answer(3, "[4]", 50);
  EXPECT_EQ(Peek("item/2"), "[4]");
}

TEST_F(Racing, AFailoverMakesOlderEntriesSuspectAlsoAfterARestart) {
  Fetch("item/1");
  Answer(0, "[1]", 100);
  Fetch("item/2");
  Primed elsewhere = PrimedAt("[2]", 90);
  elsewhere.identity.timeline = 2;
  primer_.Answer(1, elsewhere);
  scheduler_.RunReady();
  Restart();
  EXPECT_EQ(Text(Fetch("item/1")), "suspect [1]");
}

TEST_F(Racing, AFillOfAnOlderEpochIsDoneAgain) {
  Fetch("item/9");
  Answer(0, "[9]", 5);
  auto slow = Fetch("item/1");
  Fetch("item/2");
  Primed elsewhere = PrimedAt("[2]", 90);
  elsewhere.identity.timeline = 2;
  primer_.Answer(2, elsewhere);
  scheduler_.RunReady();
  elsewhere.value = "[1]";
  primer_.Answer(1, elsewhere);  // began before the failover was seen
  scheduler_.RunReady();
  EXPECT_EQ(Text(slow), "waits");
  elsewhere.value = "[11]";
  primer_.Answer(3, elsewhere);
  scheduler_.RunReady();
  EXPECT_EQ(Text(slow), "[11]");
}

TEST_F(Racing, AServerOfAnOlderTimelineIsRefused) {
  Fetch("item/1");
  Primed newer = PrimedAt("[1]", 90);
  newer.identity.timeline = 2;
  primer_.Answer(0, newer);
  scheduler_.RunReady();
  auto other = Fetch("item/2");
  Answer(1, "[2]", 100);
  EXPECT_EQ(Text(other), "error KCKSourceError");
}

TEST_F(Racing, CompareAndSetLosesToAChange) {
  auto first = Set("free/1", "1");
  const Version version = (*first)->value();
  EXPECT_TRUE((*Set("free/1", "2", version))->has_value());
  auto lost = Set("free/1", "3", version);
  EXPECT_EQ((*lost)->error().code, ErrorCode::kVersionMismatch);
  EXPECT_EQ(Peek("free/1"), "2");
  EXPECT_EQ((*Purge("free/1", version))->error().code, ErrorCode::kVersionMismatch);
}

TEST_F(Racing, TwoCompareAndSetsOfOneVersionHaveOneWinner) {
  const Version version = (*Set("free/1", "1"))->value();
  int won = 0;
  int lost = 0;
  for (int i = 0; i < 2; ++i) {
    engine_->Set(Key("free/1"), std::to_string(i + 2), version,
                 [&](const Result<Version>& result) { ++(result ? won : lost); });
  }
  scheduler_.RunReady();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 1);
  EXPECT_EQ(Peek("free/1"), "2");
}

TEST_F(Racing, AProductsKeyTakesNoValueUnlessSettable) {
  EXPECT_EQ((*Set("item/1", "1"))->error().code, ErrorCode::kBadRequest);
}

TEST_F(Racing, ASetIsNotAcknowledgedWhereTheStoreIsDown) {
  store_.down = true;
  EXPECT_EQ((*Set("free/1", "1"))->error().code, ErrorCode::kStoreError);
  EXPECT_EQ(Peek("free/1"), "miss");
}

TEST_F(Racing, VersionsOfSourcesWithoutSnapshotsRiseOverRestarts) {
  auto answer = [this](std::size_t which, const std::string& value) {
    Primed primed;
    primed.value = value;
    primer_.Answer(which, primed);
    scheduler_.RunReady();
  };
  auto first = Fetch("item/1");
  answer(0, "[1]");
  Restart();
  auto second = Refresh("item/1");
  answer(1, "[2]");
  EXPECT_GT((*second)->value().entry->version(), (*first)->value().entry->version());
}

// The same purge against the same publish, on two real threads: the fill stands right before it publishes.
TEST(RacingThreads, APurgeThatMeetsAPublishWins) {
  boost::asio::io_context context;
  auto work = boost::asio::make_work_guard(context);
  AsioScheduler scheduler(context.get_executor());
  std::jthread one([&] { context.run(); });
  std::jthread two([&] { context.run(); });
  auto store = OpenMemoryStore(scheduler);
  HeldPrimer primer;
  Engine engine(scheduler, *store, primer, std::size_t{1} << 20U);
  std::promise<void> started;
  engine.Start([&](const Result<void>&) { started.set_value(); });
  started.get_future().wait();
  auto product = std::make_shared<Product>();
  product->name = "item";
  product->fingerprint = 1;
  engine.SetCatalog(std::make_shared<Catalog>(std::vector<ProductPtr>{product}));

  std::promise<Result<Served>> fetched;
  engine.Fetch({"item", product, {}}, scheduler.Now() + seconds(30),
               [&](Result<Served> result) { fetched.set_value(std::move(result)); });
  while (primer.begun() == 0) std::this_thread::yield();
  ArmPausePoint("engine.publish");
  std::jthread filler([&] { primer.Answer(0, PrimedAt("[1]", 10)); });
  AwaitPausePoint("engine.publish");
  std::promise<Result<Version>> purged;
  engine.Purge({"item", product, {}}, {}, [&](Result<Version> result) { purged.set_value(std::move(result)); });
  EXPECT_TRUE(purged.get_future().get());
  ReleasePausePoint("engine.publish");
  EXPECT_TRUE(fetched.get_future().get());
  EXPECT_FALSE(engine.Peek("item")) << "the purged value came back";
  engine.Stop();
  store->Close();
  work.reset();
  context.stop();
}

}  // namespace
}  // namespace kck
