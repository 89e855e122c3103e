// Engines that share a store: what one puts, marks and purges, the others serve, or do not.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/recheck_pace.h"
#include "model/product_key.h"
#include "testing/held_primer.h"
#include "testing/held_writer.h"
#include "testing/immediate_refresher.h"
#include "testing/manual_scheduler.h"
#include "testing/shared_memory.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One process of those that share the store.
class Sharer {
 public:
  Sharer(ManualScheduler& scheduler, SharedMemory& shared, const std::string& name,
         const std::function<void(Product&)>& edit)
      : scheduler_(scheduler),
        store_(shared.Open(name)),
        writer_(std::make_shared<HeldWriter>()),
        refresher_(scheduler),
        engine_(scheduler, *store_, primer_, std::size_t{16} << 20U, {}, Writers{{"main", writer_}}) {
    refresher_.Serve(engine_);
    engine_.SetRefresher(&refresher_);
    engine_.Start([this](const Result<void>& result) { started_ = result.has_value(); });
    scheduler_.RunReady();
    Define(edit);
  }
  ~Sharer() { scheduler_.RunReady(); }

  void Define(const std::function<void(Product&)>& edit) {
    auto product = std::make_shared<Product>();
    product->name = "item";
    product->database = "main";
    product->params = {Param{"id", ParamType::kInt, false, false}};
    product->fingerprint = 100;
    product->settable = true;
    if (edit) edit(*product);
    auto updater = std::make_shared<Updater>();
    updater->name = "item";
    updater->database = "main";
    updater->templates[static_cast<std::size_t>(WriteAction::kDelete)].emplace();
    engine_.SetCatalog(std::make_shared<Catalog>(std::vector<ProductPtr>{product}, std::vector<UpdaterPtr>{updater}));
    scheduler_.RunReady();
  }

  // The value, "stale 5" where it is not fresh, "error NAME", "waits" while there is nothing yet.
  std::string Get(const std::string& text, const std::string& tokens = "") {
    if (tokens.empty()) {
      const std::optional<Served> hit = engine_.Peek(text);
      scheduler_.RunReady();
      if (hit) return Describe(*hit);
    }
    last_.reset();
    WriteTokens after;
    if (!tokens.empty()) after = engine_.OpenTokens(tokens).value();
    engine_.Fetch(
        Key(text), scheduler_.Now() + seconds(30), [this](Result<Served> result) { last_ = std::move(result); },
        std::move(after));
    scheduler_.RunReady();
    return Last();
  }

  // What the last Get that waited has brought by now.
  std::string Last() const {
    if (!last_) return "waits";
    return *last_ ? Describe(**last_) : fmt::format("error {}", ErrorName(last_->error().code));
  }

  // Ends the last compute that began.
  std::string Answer(const std::string& value, std::uint64_t number, DatabaseIdentity identity = {7, 1}) {
    scheduler_.RunReady();
    Primed primed = PrimedAt(value, number);
    primed.identity = identity;
    primer_.Answer(primer_.begun() - 1, std::move(primed));
    scheduler_.RunReady();
    return Last();
  }

  // Where the database is by now, for what is written from here on.
  void SetMoment(std::uint64_t number) { primer_.moment = PrimedAt("", number); }

  // Ends compute `which`, from 0.
  void AnswerNumber(std::size_t which, const std::string& value, std::uint64_t number) {
    primer_.Answer(which, PrimedAt(value, number));
    scheduler_.RunReady();
  }

  // Without a stamp, as from SQLite.
  std::string AnswerUnstamped(const std::string& value) {
    scheduler_.RunReady();
    Primed primed;
    primed.value = value;
    primer_.Answer(primer_.begun() - 1, std::move(primed));
    scheduler_.RunReady();
    return Last();
  }

  bool Set(const std::string& text, const std::string& value) {
    bool done = false;
    engine_.Set(Key(text), value, {}, [&done](const Result<Version>& result) { done = result.has_value(); });
    scheduler_.RunReady();
    return done;
  }

  bool Purge(const std::string& text) {
    bool done = false;
    engine_.Purge(Key(text), {}, [&done](const Result<Version>& result) { done = result.has_value(); });
    scheduler_.RunReady();
    return done;
  }

  std::string Update(const Written& written) {
    std::string token;
    engine_.RunUpdater({engine_.catalog()->FindUpdater("item"), WriteAction::kDelete, {}, {}}, TimePoint::max(),
                       [&](const Result<Updated>& updated) { token = updated.value().token; });
    scheduler_.RunReady();
    writer_->Answer(writer_->begun() - 1, written);
    scheduler_.RunReady();
    return token;
  }

  bool Mark(void (Engine::*mark)(std::string_view, Engine::DoneCallback)) {
    bool done = false;
    (engine_.*mark)("item", [&done](const Result<void>& result) { done = result.has_value(); });
    scheduler_.RunReady();
    return done;
  }

  ResolvedKey Key(const std::string& text) { return ResolveKey(*engine_.catalog(), text).value(); }
  std::size_t begun() const { return primer_.begun(); }
  bool started() const { return started_; }
  Engine& engine() { return engine_; }

 private:
  static std::string Describe(const Served& served) {
    const std::string value(served.entry->value());
    return served.freshness == Freshness::kFresh ? value : fmt::format("{} {}", FreshnessName(served.freshness), value);
  }

  ManualScheduler& scheduler_;
  const std::unique_ptr<SharedStore> store_;
  HeldPrimer primer_;
  const std::shared_ptr<HeldWriter> writer_;
  ImmediateRefresher refresher_;
  Engine engine_;
  bool started_ = false;
  std::optional<Result<Served>> last_;
};

class Sharing : public testing::Test {
 protected:
  std::unique_ptr<Sharer> Start(const std::string& name, const std::function<void(Product&)>& edit = nullptr) {
    return std::make_unique<Sharer>(scheduler_, shared_, name, edit);
  }

  // Longer than what memory holds is believed without a look at the store.
  void PassRecheck() { scheduler_.Advance(seconds(2)); }

  ManualScheduler scheduler_;
  SharedMemory shared_{scheduler_};
};

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
  one->Get("item/1");
  one->Answer("[1]", 10);
  EXPECT_EQ(other->Get("item/1"), "[1]");
  one->engine().Refresh(one->Key("item/1"), TimePoint::max(), [](const Result<Served>&) {});
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
  one->Get("item/1");
  one->Answer("[1]", 10);
  other->Get("item/1");
  one->engine().Refresh(one->Key("item/1"), TimePoint::max(), [](const Result<Served>&) {});
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
  one->Get("item/1");
  one->Answer("[1]", 10);
  other->Get("item/1");
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
  other->engine().Refresh(other->Key("item/1"), TimePoint::max(), [](const Result<Served>&) {});
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
  one->Get("item/1");
  one->Answer("[1]", 10);
  other->Get("item/1");
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
  one->Get("item/1");
  one->Answer("[1]", 10);
  other->Get("item/1");
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

TEST_F(Sharing, AMarkOfOneIsOverOnceAnotherHasComputedWhatItShows) {
  const auto dues = [](Product& product) { product.on_stale = OnStale::kServe; };
  const auto one = Start("one", dues);
  const auto other = Start("other", dues);
  one->Get("item/1");
  one->Answer("[1]", 10);
  other->Get("item/1");
  bool noted = false;
  one->engine().QueueRefresh(one->Key("item/1"), nullptr, [&noted](const Result<void>&) { noted = true; });
  scheduler_.RunReady();
  EXPECT_TRUE(noted);
  EXPECT_EQ(one->Get("item/1"), "stale [1]");
  // By a foreign entry's sequence nothing is known of this process's marks.
  other->engine().Refresh(other->Key("item/1"), TimePoint::max(), [](const Result<Served>&) {});
  other->Answer("[2]", 12);
  PassRecheck();
  EXPECT_EQ(one->Get("item/1"), "stale [2]");
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

// Sequences of two processes say nothing of each other, but what is computed after a value is known supersedes it.
TEST_F(Sharing, WithoutStampsALaterComputeSupersedesWhatItKnew) {
  const auto one = Start("one");
  for (int i = 0; i < 1000; ++i) one->engine().NextSequence();
  const auto other = Start("other");
  one->Get("item/1");
  EXPECT_EQ(one->AnswerUnstamped("[1]"), "[1]");
  EXPECT_EQ(other->Get("item/1"), "[1]");
  other->engine().Refresh(other->Key("item/1"), TimePoint::max(), [](const Result<Served>&) {});
  other->AnswerUnstamped("[2]");
  EXPECT_EQ(other->Get("item/1"), "[2]");
  PassRecheck();
  EXPECT_EQ(one->Get("item/1"), "[2]");
}

TEST_F(Sharing, ATokenOfOneIsHonouredByTheOther) {
  const auto one = Start("one");
  const auto other = Start("other");
  one->Get("item/1");
  one->Answer("[1]", 10);
  other->Get("item/1");
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
  one->Get("item/1");
  one->Answer("[1]", 10);
  other->Get("item/1");
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

}  // namespace
}  // namespace kck
