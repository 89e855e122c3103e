// The refresh worker over a real engine: what is due is computed, in order, once, and whatever happens in between.
#include "refresh/refresh_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "base/pause_point.h"
#include "testing/engine_fixture.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Trigger::Part kIdPart{Trigger::Part::Kind::kParam, "id"};

class Worker : public EngineFixture {
 public:
  ~Worker() override {
    answers_ = true;
    Run();
    worker_->Stop();
  }

 protected:
  Worker() { StartWorker(); }

  static std::shared_ptr<Product> ProductOf(const std::string& name, std::size_t params) {
    auto product = std::make_shared<Product>();
    product->name = name;
    product->database = "main";
    if (params > 0) product->params = {Param{"id", ParamType::kInt, false, true}};
    product->fingerprint = 1 + std::hash<std::string>{}(name);
    return product;
  }

  void Serve(std::vector<ProductPtr> products) {
    catalog_ = std::make_shared<Catalog>(std::move(products));
    engine_->SetCatalog(catalog_);
    Run();
  }

  // Serves `item`, whose domain is `ids`, of that value.
  ProductPtr ServeDomain(const std::string& ids_value) {
    auto item = ProductOf("item", 1);
    item->refresh.domain_key = "ids";
    values_ = {{"ids", ids_value}};
    Serve({ProductOf("ids", 0), item});
    return item;
  }

  void StartWorker() {
    RefreshBudget budget{1, 1};
    worker_ = std::make_unique<RefreshWorker>(
        scheduler_, store_, *engine_, ownership_,
        std::map<std::string, RefreshDatabase>{{"main", {budget, [this] { return reachable_; }, nullptr}}},
        worker_limits_);
    engine_->SetRefresher(worker_.get());
  }

  // As after the process was killed: a new engine and worker over the same store.
  void RestartAll() {
    worker_->Stop();  // what it had scheduled is gone with the process
    auto old = std::move(worker_);
    Restart();
    StartWorker();
    old_.push_back(std::move(old));
    engine_->SetCatalog(catalog_);
    worker_->Start([](const Result<void>& started) { EXPECT_TRUE(started); });
    Run();
  }

  // A worker with other limits, before anything happened.
  void WithLimits() {
    worker_->Stop();
    StartWorker();
  }

  // Lets everything happen that is due now; computes bring the number of the compute, unless they are held or fail.
  void Run() {
    do {
      scheduler_.RunReady();
      AnswerAll();
      scheduler_.RunReady();
    } while (answers_ && answered_ < primer_.begun());
  }

  void Advance(Duration by) {
    for (Duration step = milliseconds(100); by > Duration::zero(); by -= step) {
      scheduler_.Advance(std::min(step, by));
      Run();
    }
  }

  void AnswerAll() {
    while (answers_ && answered_ < primer_.begun()) {
      const std::size_t which = answered_++;
      const std::string key = primer_.Asked(which).key.text;
      computed_.push_back(key);
      if (failing_.contains(key)) {
        primer_.Fail(which, ErrorCode::kSourceError);
      } else {
        const auto value = values_.find(key);
        primer_.Answer(which,
                       PrimedAt(value == values_.end() ? fmt::format("[{}]", which) : value->second, 10 + which));
      }
    }
  }

  // The keys that were computed since this was asked.
  std::string Computed() {
    std::string keys;
    for (const std::string& key : std::exchange(computed_, {})) keys += (keys.empty() ? "" : " ") + key;
    return keys;
  }

  void Queue(const std::string& key) {
    engine_->QueueRefresh(Key(key), nullptr, [](const Result<void>& queued) { EXPECT_TRUE(queued); });
  }

  void Read(const std::string& key) {
    Fetch(key);
    Run();
  }

  DueCounts Due() { return worker_->Report(0).databases.at(0).due; }

  RefreshLimits worker_limits_;
  OwnsAllKeys ownership_;
  std::unique_ptr<RefreshWorker> worker_;
  std::vector<std::unique_ptr<RefreshWorker>> old_;
  CatalogPtr catalog_;
  bool reachable_ = true;
  bool answers_ = true;
  std::set<std::string> failing_;
  std::map<std::string, std::string> values_;
  std::size_t answered_ = 0;
  std::vector<std::string> computed_;
};

TEST_F(Worker, WaitsForAStoreThatFallsBehind) {
  worker_limits_.storing_max = 2;
  worker_limits_.group_keys_max = 1;
  WithLimits();
  Serve({ProductOf("item", 1)});
  Read("item/0");  // the database is known
  Computed();
  store_.hold_puts = true;
  for (int id = 1; id <= 6; ++id) Queue(fmt::format("item/{}", id));
  Advance(seconds(1));
  EXPECT_EQ(engine_->storing(), 4U) << "two groups are begun at the bound, and no more";
  store_.ReleasePuts();
  store_.hold_puts = false;
  Advance(seconds(1));
  EXPECT_EQ(engine_->storing(), 0U);
  EXPECT_EQ(Computed(), "item/1 item/2 item/3 item/4 item/5 item/6");
}

TEST_F(Worker, AStaleReadIsRefreshedBehind) {
  auto item = ProductOf("item", 1);
  item->stale_after = seconds(10);
  Serve({item});
  Read("item/1");
  Advance(seconds(11));
  Computed();
  EXPECT_EQ(Peek("item/1"), "stale [0]");
  Run();
  EXPECT_EQ(Peek("item/1"), "[1]");
  EXPECT_EQ(Computed(), "item/1");
  EXPECT_EQ(Due().all(), 0U);
}

TEST_F(Worker, ManyReadsOfAStaleKeyAreOneRefresh) {
  auto item = ProductOf("item", 1);
  item->stale_after = seconds(10);
  Serve({item});
  Read("item/1");
  Advance(seconds(11));
  Computed();
  answers_ = false;
  for (int i = 0; i < 100; ++i) Peek("item/1");
  answers_ = true;
  Run();
  EXPECT_EQ(Computed(), "item/1");
}

TEST_F(Worker, KeysThatAreDueAtOnceAreComputedInGroups) {
  Serve({ProductOf("item", 1)});
  Read("item/0");
  for (int i = 0; i < 100; ++i) Queue(fmt::format("item/{}", i));
  Run();
  EXPECT_EQ(Due().all(), 0U);
  EXPECT_LE(worker_->Report(0).databases.at(0).counters.groups, 10U) << "of one, four, sixteen and so on";
  EXPECT_EQ(engine_->counters().fills, 101U);
}

TEST_F(Worker, AKeyOfUnknownCostCountsAsItsProductsOthers) {
  Serve({ProductOf("item", 1)});
  Queue("item/1");
  Run();
  failing_ = {"item/2"};
  Queue("item/2");
  Run();
  const auto keys = worker_->Report(10).databases.at(0).keys;
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].cost_us, 1000U);
}

TEST_F(Worker, WhatAReaderHadComputedMeanwhileIsNotComputedAgain) {
  Serve({ProductOf("item", 1)});
  Read("item/1");
  reachable_ = false;
  failing_ = {"item/1"};
  Queue("item/1");
  Run();
  EXPECT_EQ(Due().backing_off, 1U);
  failing_.clear();
  Refresh("item/1");
  Run();
  Computed();
  Advance(seconds(5));
  EXPECT_EQ(Computed(), "");
  EXPECT_EQ(Due().all(), 0U);
}

TEST_F(Worker, ADatabaseThatIsNotThereCountsForNoKey) {
  Serve({ProductOf("item", 1)});
  Read("item/1");
  reachable_ = false;
  failing_ = {"item/1"};
  Queue("item/1");
  Advance(std::chrono::minutes(10));
  EXPECT_EQ(Due().dead, 0U);
  EXPECT_LT(computed_.size(), 100U) << "with pauses";
  EXPECT_FALSE(worker_->Report(0).databases.at(0).reachable);
  reachable_ = true;
  failing_.clear();
  Advance(seconds(60));
  EXPECT_EQ(Due().all(), 0U);
  EXPECT_TRUE(worker_->Report(0).databases.at(0).reachable);
  EXPECT_EQ(Peek("item/1").find("stale"), std::string::npos);
}

TEST_F(Worker, AKeyThatFailsForItselfBecomesADeadLetterAndHoldsUpNoOther) {
  Serve({ProductOf("item", 1)});
  failing_ = {"item/1"};
  Queue("item/1");
  Queue("item/2");
  Advance(std::chrono::minutes(5));
  EXPECT_EQ(Due().dead, 1U);
  EXPECT_EQ(Due().all(), 1U);
  const auto keys = worker_->Report(10).databases.at(0).keys;
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].error, "KCKSourceError: scripted");
  failing_.clear();
  Queue("item/1");
  Run();
  EXPECT_EQ(Due().all(), 0U);
}

TEST_F(Worker, AKeyWithAScheduleIsRefreshedWhileItIsRead) {
  auto item = ProductOf("item", 1);
  item->refresh.schedule = Schedule{seconds(10), nullptr, 0.1, ""};
  Serve({item});
  Read("item/1");
  Computed();
  for (int i = 0; i < 25; ++i) {
    Advance(seconds(1));
    Read("item/1");
  }
  EXPECT_EQ(Computed(), "item/1 item/1");
}

TEST_F(Worker, AKeyThatNobodyReadsLeavesItsScheduleAndReturnsWhenItIsRead) {
  auto item = ProductOf("item", 1);
  item->refresh.schedule = Schedule{seconds(10), nullptr, 0, ""};
  item->stale_after = seconds(20);
  Serve({item});
  Read("item/1");
  Computed();
  Advance(seconds(120));
  EXPECT_EQ(Computed(), "item/1 item/1 item/1") << "three periods";
  EXPECT_EQ(worker_->Report(0).scheduled, 0U);
  EXPECT_EQ(Peek("item/1").substr(0, 5), "stale");
  Run();
  EXPECT_EQ(Computed(), "item/1");
  EXPECT_EQ(worker_->Report(0).scheduled, 1U);
  Advance(seconds(11));
  EXPECT_EQ(Computed(), "item/1");
}

TEST_F(Worker, AScheduleSurvivesAKill) {
  auto item = ProductOf("item", 1);
  item->refresh.schedule = Schedule{seconds(10), nullptr, 0, ""};
  Serve({item});
  Read("item/1");
  Advance(seconds(4));
  Computed();
  RestartAll();
  EXPECT_EQ(Computed(), "") << "what the store holds is fresh";
  EXPECT_EQ(worker_->Report(0).scheduled, 1U);
  Advance(seconds(5));
  EXPECT_EQ(Computed(), "");
  Advance(seconds(2));
  EXPECT_EQ(Computed(), "item/1") << "when it would have been due without";
}

TEST_F(Worker, ASchedulesRecordGoesWithIt) {
  auto item = ProductOf("item", 1);
  item->refresh.schedule = Schedule{seconds(10), nullptr, 0, ""};
  Serve({item});
  Read("item/1");
  item = ProductOf("item", 1);
  Serve({item});
  RestartAll();
  EXPECT_EQ(worker_->Report(0).scheduled, 0U);
}

TEST_F(Worker, WhatIsDueAtBootIsComputedThere) {
  auto top = ProductOf("top", 0);
  top->refresh.on_boot = true;
  auto ids = ProductOf("ids", 0);
  auto item = ProductOf("item", 1);
  item->refresh.on_boot = true;
  item->refresh.domain_key = "ids";
  values_ = {{"ids", "[[1],[2]]"}};
  Serve({top, ids, item});
  worker_->Start([](const Result<void>& started) { EXPECT_TRUE(started); });
  Run();
  for (const char* key : {"top", "item/1", "item/2"}) EXPECT_NE(Peek(key), "miss") << key;
  Computed();
  RestartAll();
  EXPECT_EQ(Computed(), "") << "what the store holds and is fresh needs no computing";
  EXPECT_NE(Peek("item/1"), "miss");
}

TEST_F(Worker, AWalkOverADomainEndsWithItsLastKey) {
  auto ids = ProductOf("ids", 0);
  auto item = ProductOf("item", 1);
  item->refresh.domain_key = "ids";
  values_ = {{"ids", R"([[1],[2],[3],["x"]])"}};
  failing_ = {"item/2"};
  worker_limits_.domain_keys_at_once = 2;
  WithLimits();
  Serve({ids, item});
  std::optional<Result<DomainWalkReport>> walk;
  worker_->RefreshDomain(item, RefreshReason::kDomain, false, [&](auto result) { walk = result; });
  Run();
  EXPECT_FALSE(walk) << "one of them backs off";
  Advance(std::chrono::minutes(5));
  ASSERT_TRUE(walk && *walk);
  EXPECT_EQ((*walk)->keys, 3U);
  EXPECT_EQ((*walk)->refused, 1U);
  EXPECT_EQ((*walk)->failed, 1U);
}

TEST_F(Worker, TwoThreadsDoNotFeedOneWalk) {
  const ProductPtr item = ServeDomain("[[1],[2],[3]]");
  std::optional<Result<DomainWalkReport>> walk;
  worker_->RefreshDomain(item, RefreshReason::kDomain, false, [&](auto result) { walk = result; });
  ArmPausePoint("refresh.feed");
  std::thread feeder([this] { Run(); });
  AwaitPausePoint("refresh.feed");
  Queue("item/4");
  Run();
  ReleasePausePoint("refresh.feed");
  feeder.join();
  Run();
  ASSERT_TRUE(walk && *walk);
  EXPECT_EQ((*walk)->keys, 3U);
  EXPECT_EQ((*walk)->failed, 0U);
  EXPECT_EQ(worker_->Report(0).walks, 0U);
}

TEST_F(Worker, AWholeProductWithADomainIsRefreshedWithoutBeingRead) {
  ServeDomain("[[1],[2]]");
  for (const char* key : {"item/1", "item/2", "item/3"}) Read(key);
  Computed();
  engine_->RefreshProduct("item", [](const Result<void>& marked) { EXPECT_TRUE(marked); });
  Run();
  EXPECT_EQ(Peek("item/2").find("stale"), std::string::npos);
  EXPECT_EQ(Peek("item/3").substr(0, 5), "stale") << "which is not of the domain";
}

TEST_F(Worker, AWalkOverNoListSaysSo) {
  const ProductPtr item = ServeDomain("5");
  std::optional<Result<DomainWalkReport>> walk;
  worker_->RefreshDomain(item, RefreshReason::kDomain, false, [&](auto result) { walk = result; });
  Run();
  ASSERT_TRUE(walk && !*walk);
}

TEST_F(Worker, WhatADomainHasNewIsPrimed) {
  const ProductPtr item = ServeDomain("[[1],[2]]");
  Read("ids");
  Computed();
  values_ = {{"ids", "[[2],[3]]"}};
  Queue("ids");
  Run();
  EXPECT_EQ(Computed(), "ids item/3");
}

// The page is due by the update's own trigger and after the item's prime: it is computed once, after the item.
TEST_F(Worker, ACascadeRunsInItsOrder) {
  auto item = ProductOf("item", 1);
  auto page = ProductOf("page", 1);
  page->refresh.after_primes = {{"item/:id", "item", {kIdPart}, false, {}}};
  auto site = ProductOf("site", 0);
  site->refresh.after_primes = {{"page/*", "page", {{Trigger::Part::Kind::kAny, "*"}}, false, {}}};
  Serve({item, page, site});
  for (const char* key : {"site", "page/1", "item/1"}) Read(key);
  Run();
  Computed();
  answers_ = false;
  for (const char* key : {"page/1", "item/1"}) Queue(key);
  answers_ = true;
  Run();
  Advance(seconds(1));
  const std::vector<std::string> computed = std::exchange(computed_, {});
  EXPECT_EQ(std::ranges::count(computed, "item/1"), 1);
  EXPECT_EQ(std::ranges::count(computed, "page/1"), 1);
  EXPECT_LT(std::ranges::find(computed, "item/1"), std::ranges::find(computed, "page/1"));
  EXPECT_EQ(computed.back(), "site") << "after every page";
  EXPECT_EQ(Due().all(), 0U);
}

TEST_F(Worker, WhatTheQueueHadNoRoomForComesLater) {
  worker_limits_.queue.keys_max = 4;
  WithLimits();
  Serve({ProductOf("item", 1)});
  for (int i = 0; i < 20; ++i) Read(fmt::format("item/{}", i));
  Computed();
  answers_ = false;
  for (int i = 0; i < 20; ++i) Queue(fmt::format("item/{}", i));
  scheduler_.RunReady();
  answers_ = true;
  Advance(seconds(1));
  std::set<std::string> computed(computed_.begin(), computed_.end());
  EXPECT_EQ(computed.size(), 20U);
  EXPECT_EQ(Due().all(), 0U);
}

TEST_F(Worker, ATargetIsReportedMetOrMissed) {
  auto item = ProductOf("item", 1);
  item->refresh.fresh = seconds(2);
  item->stale_after = seconds(2);
  Serve({item});
  Read("item/1");
  for (int i = 0; i < 40; ++i) {
    Advance(milliseconds(100));
    Read("item/1");
  }
  const ProductRefreshReport met = worker_->Report(0).products.at(0);
  EXPECT_GE(met.fresh_met, 2U);
  EXPECT_EQ(met.fresh_missed, 0U);
  answers_ = false;
  Advance(seconds(4));
  answers_ = true;
  Run();
  EXPECT_GE(worker_->Report(0).products.at(0).fresh_missed, 1U);
}

TEST_F(Worker, EqualContentRenewsTheStampAlone) {
  Serve({ProductOf("item", 1)});
  values_ = {{"item/1", "[7]"}};
  Read("item/1");
  const Version before = engine_->Peek("item/1")->entry->content_version();
  Queue("item/1");
  Run();
  EXPECT_EQ(engine_->counters().renewals, 1U);
  EXPECT_EQ(engine_->Peek("item/1")->entry->content_version(), before);
}

TEST_F(Worker, AProductThatWasTakenAwayIsForgotten) {
  Serve({ProductOf("item", 1)});
  Read("item/1");
  reachable_ = false;
  failing_ = {"item/1"};
  Queue("item/1");
  Run();
  Serve({});
  Advance(seconds(60));
  EXPECT_EQ(Due().all(), 0U);
}

TEST_F(Worker, SaysWhatItKnowsOfAKey) {
  auto item = ProductOf("item", 1);
  item->refresh.schedule = Schedule{seconds(10), nullptr, 0, ""};
  Serve({item});
  Read("item/1");
  KeyRefreshReport report = worker_->ReportOf("item/1");
  EXPECT_FALSE(report.due);
  EXPECT_EQ(*report.next, seconds(10));
  Queue("item/1");
  Run();
  report = worker_->ReportOf("item/1");
  ASSERT_EQ(report.recent.size(), 1U);
  EXPECT_EQ(report.recent[0].outcome, "done");
  EXPECT_EQ(report.recent[0].why, "hand");
}

}  // namespace
}  // namespace kck
