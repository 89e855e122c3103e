// What is due after writes and primes, and that nothing of it is forgotten: the kills, made to happen.
#include "engine/dues.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "model/product_key.h"
#include "testing/engine_fixture.h"

namespace kck {
namespace {

Trigger TriggerOf(const std::string& source, std::vector<Trigger::Part> parts) {
  return {source, source, std::move(parts), false, {}};
}

const Trigger::Part kId{Trigger::Part::Kind::kParam, "id"};

// Products `item/:id`, due after the updater `item`; `page/:id`, due after `item` is primed; `all`, due after every
// write of the updater.
class Due : public EngineFixture {
 protected:
  Due() {
    const std::vector<Param> params{{"id", ParamType::kInt, false, true}};
    auto item = ProductOf("item", params);
    item->refresh.after_updates = {TriggerOf("item", {kId})};
    auto page = ProductOf("page", params);
    page->refresh.after_primes = {TriggerOf("item", {kId})};
    auto all = ProductOf("all", {});
    all->refresh.after_updates = {TriggerOf("item", {{Trigger::Part::Kind::kAny, "*"}})};
    auto updater = std::make_shared<Updater>();
    updater->name = "item";
    updater->database = "main";
    updater->params = {params[0], {"name", ParamType::kString, false, false}};
    auto statement = std::make_shared<SqlStatement>();
    for (auto& one : updater->templates) one = WriteTemplate{statement, {0, 1}, {}};
    catalog_ = std::make_shared<Catalog>(std::vector<ProductPtr>{item, page, all}, std::vector<UpdaterPtr>{updater});
    engine_->SetCatalog(catalog_);
  }

  static std::shared_ptr<Product> ProductOf(const std::string& name, const std::vector<Param>& params) {
    auto product = std::make_shared<Product>();
    product->name = name;
    product->database = "main";
    product->params = params;
    product->fingerprint = 1 + std::hash<std::string>{}(name);
    return product;
  }

  // A restart that knows the definitions.
  void RestartKnowing() {
    Restart();
    engine_->SetCatalog(catalog_);
    scheduler_.RunReady();
  }

  ResolvedWrite WriteOf(const std::string& id) {
    ResolvedWrite write{catalog_->FindUpdater("item"), WriteAction::kUpdate, {ParamValue{id}, ParamValue{"x"}}, {}};
    write.key = {id.empty() ? std::nullopt : std::optional<ParamValue>(ParamValue{id})};
    return write;
  }

  void Begin(ResolvedWrite write) {
    engine_->RunUpdater(std::move(write), TimePoint::max(),
                        [this](Result<Updated> result) { updated_ = std::move(result); });
    scheduler_.RunReady();
  }

  void Commit(std::uint64_t transaction) {
    writer_->Answer(writer_->begun() - 1, WrittenAt(transaction));
    scheduler_.RunReady();
  }

  std::string Wishes() {
    std::set<std::string> wishes;
    for (const RefreshWish& wish : refresher_.wishes) {
      wishes.insert(fmt::format("{} {}", wish.key.text, RefreshReasonName(wish.reason)));
    }
    refresher_.wishes.clear();
    return fmt::format("{}", fmt::join(wishes, ", "));
  }

  CatalogPtr catalog_;
  std::optional<Result<Updated>> updated_;
};

TEST_F(Due, AWriteMakesItsKeysStaleBeforeItIsAcknowledged) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  Wishes();
  Begin(WriteOf("1"));
  EXPECT_EQ(Peek("item/1"), "[1]") << "nothing is known before the commit";
  refresher_.takes = false;
  writer_->Answer(0, WrittenAt(20));
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  EXPECT_TRUE(updated_ && *updated_);
}

TEST_F(Due, TheWishSaysWhyAndCarriesTheChange) {
  Begin(WriteOf("1"));
  Commit(20);
  ASSERT_EQ(refresher_.wishes.size(), 3U);
  EXPECT_EQ(refresher_.wishes[1].cause, "update item/1");
  EXPECT_EQ(*refresher_.wishes[1].hint,
            R"({"updater":"item","action":"update","params":{"id":1,"name":"x"},"rows":1,"returning":[]})");
  EXPECT_EQ(Wishes(), "all update, item/1 update, page/1 update");
  EXPECT_EQ(*primer_.Asked(0).hints.all().at(0), *primer_.Asked(1).hints.all().at(0));
}

TEST_F(Due, AHintIsForTheFillThatItAskedForAlone) {
  Begin(WriteOf("1"));
  Commit(20);
  EXPECT_EQ(primer_.Asked(1).key.text, "item/1");
  EXPECT_EQ(primer_.Asked(1).hints.all().size(), 1U);
  Answer(1, "[1]", 21);
  Fetch("item/2");
  Refresh("item/1");
  for (std::size_t i = 2; i < primer_.begun(); ++i) {
    if (primer_.Asked(i).key.text.starts_with("item/")) {
      EXPECT_TRUE(primer_.Asked(i).hints.all().empty()) << i;
    }
  }
}

TEST_F(Due, AFillThatSawTheWriteIsNotAskedForAgain) {
  Begin(WriteOf("1"));
  auto fetched = Fetch("item/1");
  // It began before the commit was known here, and sees it.
  Answer(0, "[2]", 21);
  EXPECT_EQ(Text(fetched), "[2]");
  Wishes();
  Commit(20);
  EXPECT_EQ(Wishes(), "all update, page/1 update");
  EXPECT_EQ(Peek("item/1"), "[2]");
}

TEST_F(Due, AFillThatDoesNotSeeTheWriteStaysStale) {
  refresher_.takes = false;
  Begin(WriteOf("1"));
  Commit(20);
  // It begins after the commit was acknowledged, and does not see it all the same.
  auto fetched = Fetch("item/1");
  Answer(0, "[1]", 15);
  EXPECT_EQ(Text(fetched), "stale [1]");
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  Refresh("item/1");
  Answer(1, "[2]", 25);
  EXPECT_EQ(Peek("item/1"), "[2]");
}

TEST_F(Due, AKillBetweenTheCommitAndItsAnswerForgetsNothing) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  Begin(WriteOf("1"));
  Wishes();
  RestartKnowing();  // the commit may have happened
  EXPECT_EQ(Wishes(), "all restored, item/1 restored, page/1 restored");
  EXPECT_EQ(Text(Fetch("item/1")), "stale [1]");
}

TEST_F(Due, AKillWhileTheRefreshIsUnderWayForgetsNothing) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  Begin(WriteOf("1"));
  Commit(20);
  Wishes();
  RestartKnowing();
  EXPECT_NE(Wishes().find("item/1 restored"), std::string::npos);
}

TEST_F(Due, WhatWasRefreshedIsNotDueAfterARestart) {
  Begin(WriteOf("1"));
  Commit(20);
  for (std::size_t i = 0; i < primer_.begun(); ++i) Answer(i, "[2]", 25);
  Wishes();
  RestartKnowing();
  EXPECT_EQ(Wishes(), "");
  EXPECT_EQ(Text(Fetch("item/1")), "[2]");
}

TEST_F(Due, AWriteThatTheDatabaseRefusesMakesNothingDue) {
  Begin(WriteOf("1"));
  writer_->Answer(0, kck::Fail(ErrorCode::kBadRequest, "no"));
  scheduler_.RunReady();
  EXPECT_EQ(Wishes(), "");
  RestartKnowing();
  EXPECT_EQ(Wishes(), "") << "its records are gone";
}

TEST_F(Due, AWriteWhoseOutcomeIsUnknownMakesItsKeysDue) {
  Begin(WriteOf("1"));
  writer_->Answer(0, kck::Fail(ErrorCode::kSourceError, "lost"));
  scheduler_.RunReady();
  EXPECT_EQ(Wishes(), "all update, item/1 update, page/1 update");
}

TEST_F(Due, AWriteThatChangedNothingMakesNothingDue) {
  Begin(WriteOf("1"));
  Commit(0);
  EXPECT_EQ(Wishes(), "");
}

TEST_F(Due, NothingIsWrittenWhereItCannotBeNoted) {
  store_.down = true;
  Begin(WriteOf("1"));
  EXPECT_EQ(writer_->begun(), 0U);
  ASSERT_TRUE(updated_ && !*updated_);
  EXPECT_EQ(updated_->error().code, ErrorCode::kStoreError);
  EXPECT_NE(updated_->error().message.find("nothing was written"), std::string::npos);
}

TEST_F(Due, AKeyThatTheDatabaseChoseIsReadFromWhatTheWriteReturned) {
  Begin(WriteOf(""));
  kck::Written written = WrittenAt(20);
  written.returning = R"([["x",7]])";
  written.columns = {"name", "id"};
  writer_->Answer(0, written);
  scheduler_.RunReady();
  EXPECT_EQ(Wishes(), "all update, item/7 update, page/7 update");
  EXPECT_TRUE(refresher_.products.empty());
}

TEST_F(Due, AKeyThatNobodyToldMakesTheWholeProductDue) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  refresher_.takes = false;
  Begin(WriteOf(""));
  Commit(20);
  EXPECT_EQ(refresher_.products, (std::vector<std::string>{"item", "page"})) << "and what is primed after it";
  EXPECT_EQ(Peek("item/1"), "stale [1]");
}

TEST_F(Due, AKillDuringAWriteOfAnUnknownKeyMakesTheWholeProductStale) {
  Fetch("item/1");
  Answer(0, "[1]", 10);
  Begin(WriteOf(""));
  RestartKnowing();
  EXPECT_EQ(Text(Fetch("item/1")), "stale [1]");
  Answer(primer_.begun() - 1, "[2]", 30);
  EXPECT_EQ(Peek("item/1"), "[2]");
  RestartKnowing();
  EXPECT_EQ(Text(Fetch("item/1")), "[2]") << "and once";
}

TEST_F(Due, APrimeMakesWhatIsPrimedAfterItDue) {
  Fetch("page/1");
  Answer(0, "[\"old\"]", 10);
  Wishes();
  Fetch("item/1");
  Answer(1, "[1]", 10);
  EXPECT_EQ(Wishes(), "page/1 prime");
  EXPECT_EQ(*primer_.Asked(2).hints.all().at(0), R"({"primed":"item/1","value":[1]})");
  EXPECT_EQ(Peek("page/1"), "stale [\"old\"]");
  Answer(2, "[\"new\"]", 11);
  EXPECT_EQ(Peek("page/1"), "[\"new\"]");
}

TEST_F(Due, AKillRightAfterAPrimeForgetsNothing) {
  Fetch("page/1");
  Answer(0, "[\"old\"]", 10);
  refresher_.takes = false;
  Fetch("item/1");
  Answer(1, "[1]", 10);
  refresher_.takes = true;
  Wishes();
  RestartKnowing();
  EXPECT_EQ(Wishes(), "page/1 restored");
}

TEST_F(Due, APrimeThatIsThrownAwayMakesNothingDue) {
  Fetch("item/1");
  Purge("item/1");
  Answer(0, "[1]", 10);
  EXPECT_EQ(Wishes(), "");
}

TEST_F(Due, MarksAtTheirBoundWidenToTheProduct) {
  limits_.marks_max = 1;
  RestartKnowing();
  refresher_.takes = false;
  Fetch("item/1");
  Answer(0, "[1]", 10);
  Fetch("item/2");
  Answer(1, "[1]", 10);
  Begin(WriteOf("1"));
  Commit(20);
  EXPECT_EQ(Text(Fetch("item/1")), "stale [1]");
  EXPECT_EQ(Peek("item/2"), "stale [1]") << "one record for all of them";
}

TEST_F(Due, AMarkOfAKeyWhoseProductIsGoneIsForgotten) {
  Begin(WriteOf("1"));
  Commit(20);
  Restart();
  engine_->SetCatalog(std::make_shared<Catalog>());
  scheduler_.RunReady();
  Wishes();
  RestartKnowing();
  EXPECT_EQ(Wishes(), "");
}

}  // namespace
}  // namespace kck
