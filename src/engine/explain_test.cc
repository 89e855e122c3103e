// What people are told of a key: each reason, made to be true.
#include <gmock/gmock.h>

#include "engine/key_report.h"
#include "testing/engine_fixture.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class Explain : public EngineFixture {
 protected:
  KeyReport Of(const std::string& key) {
    std::optional<KeyReport> report;
    engine_->Explain(Key(key), [&](const KeyReport& told) { report = told; });
    EXPECT_TRUE(!report || store_.down) << "never inside the call";
    scheduler_.RunReady();
    return *report;
  }

  // `item/1` is in memory, as read at `number`.
  void Cache(std::uint64_t number = 20) {
    Fetch("item/1");
    Answer(primer_.begun() - 1, "[1]", number);
  }

  // Product or key, by hand.
  void MarkProduct() {
    engine_->RefreshProduct("item", [](const Result<void>&) {});
    scheduler_.RunReady();
  }
};

TEST_F(Explain, AFreshEntryInMemory) {
  Define([](Product& product) {
    product.stale_after = seconds(30);
    product.expires_after = seconds(60);
  });
  Cache();
  scheduler_.Advance(seconds(4));
  const KeyReport report = Of("item/1");
  EXPECT_EQ(report.key, "item/1");
  EXPECT_EQ(report.place, KeyPlace::kMemory);
  EXPECT_EQ(report.freshness, Freshness::kFresh);
  EXPECT_EQ(report.entry->value(), "[1]");
  EXPECT_EQ(report.entry->stamp()->VersionNumber(), 20U);
  EXPECT_EQ(report.age, seconds(4));
  EXPECT_EQ(report.stale_in, seconds(26));
  EXPECT_EQ(report.expires_in, seconds(56));
  EXPECT_THAT(report.why, ElementsAre("no change is known that it does not show"));
  EXPECT_TRUE(report.use);
  EXPECT_FALSE(report.compute || report.failures);
}

TEST_F(Explain, IsNoUseAndComputesNothing) {
  Define([](Product& product) { product.stale_after = seconds(1); });
  Cache();
  engine_->TakeUse("item/1");
  const unsigned uses = engine_->UseOf("item/1")->uses;
  scheduler_.Advance(seconds(2));
  EXPECT_EQ(Of("item/1").freshness, Freshness::kStale);
  EXPECT_EQ(Of("item/2").place, KeyPlace::kNone);
  EXPECT_FALSE(engine_->UseOf("item/1")->used);
  EXPECT_EQ(engine_->UseOf("item/1")->uses, uses);
  EXPECT_EQ(primer_.begun(), 1U);
}

TEST_F(Explain, AnEntryOfTheStoreStaysThere) {
  Cache();
  Restart();
  for (int i = 0; i < 2; ++i) {
    const KeyReport report = Of("item/1");
    EXPECT_EQ(report.place, KeyPlace::kStore);
    EXPECT_EQ(report.freshness, Freshness::kFresh);
    EXPECT_FALSE(report.use);
  }
}

TEST_F(Explain, NothingWasComputed) {
  const KeyReport report = Of("item/1");
  EXPECT_FALSE(report.entry || report.freshness);
  EXPECT_TRUE(report.has_product);
  EXPECT_THAT(report.why, ElementsAre("there is no entry: it was never computed, or its life is over"));
  EXPECT_FALSE(Of("nothing").has_product);
  EXPECT_THAT(Of("nothing").why, ElementsAre(HasSubstr("no product of that name")));
}

TEST_F(Explain, NorWillBeOnAMiss) {
  Define([](Product& product) { product.on_miss = OnMiss::kError; });
  EXPECT_THAT(Of("item/1").why, ElementsAre(HasSubstr("never computed"), HasSubstr("on_miss: error")));
}

TEST_F(Explain, ThatTheStoreDoesNotAnswer) {
  store_.down = true;
  EXPECT_THAT(Of("item/1").why, ElementsAre(HasSubstr("never computed"), HasSubstr("the store does not answer")));
}

TEST_F(Explain, AMarkByTheTransactionThatTheSnapshotDoesNotSee) {
  Define([](Product& product) {
    product.params.clear();
    product.refresh.after_updates.push_back({"item", "item", {}, true, {}});
  });
  Fetch("item");
  Answer(0, "[1]", 20);
  engine_->RunUpdater({engine_->catalog()->FindUpdater("item"), WriteAction::kDelete, {}, {}}, TimePoint::max(),
                      [](const Result<Updated>& updated) { EXPECT_TRUE(updated); });
  scheduler_.RunReady();
  writer_->Answer(0, WrittenAt(20));
  scheduler_.RunReady();
  EXPECT_EQ(Of("item").freshness, Freshness::kStale);
  EXPECT_THAT(Of("item").why, ElementsAre("it is marked stale: its snapshot does not see transaction 20"));
}

TEST_F(Explain, AMarkByHand) {
  Cache();
  Refresh("item/1");
  const KeyReport report = Of("item/1");
  EXPECT_EQ(report.freshness, Freshness::kStale);
  EXPECT_THAT(report.why, ElementsAre(HasSubstr("its computation began before the latest change")));
  EXPECT_FALSE(report.stale_in) << "by its own age it never is";
}

TEST_F(Explain, AMarkOverAnEntryOfTheStore) {
  refresher_.takes = false;
  Cache();
  engine_->QueueRefresh(Key("item/1"), nullptr, [](const Result<void>&) {});
  scheduler_.RunReady();
  Restart();
  const KeyReport report = Of("item/1");
  EXPECT_EQ(report.place, KeyPlace::kStore);
  EXPECT_EQ(report.freshness, Freshness::kStale);
  EXPECT_THAT(report.why, ElementsAre(HasSubstr("marked stale")));
}

TEST_F(Explain, AProductThatWasMarked) {
  Cache();
  MarkProduct();
  EXPECT_THAT(Of("item/1").why, ElementsAre("its whole product was marked stale after it was computed"));
}

TEST_F(Explain, AnEntryPastItsSoftAge) {
  Define([](Product& product) { product.stale_after = seconds(1); });
  Cache();
  scheduler_.Advance(seconds(3));
  const KeyReport report = Of("item/1");
  EXPECT_EQ(report.freshness, Freshness::kStale);
  EXPECT_EQ(report.stale_in, seconds(-2));
  EXPECT_THAT(report.why, ElementsAre(HasSubstr("past its soft age")));
}

TEST_F(Explain, AMarkDoesNotHideTheSoftAge) {
  Define([](Product& product) { product.stale_after = seconds(10); });
  Cache();
  Refresh("item/1");
  EXPECT_EQ(Of("item/1").stale_in, seconds(10));
}

TEST_F(Explain, AnotherDefinition) {
  Cache();
  Define([](Product& product) { product.fingerprint = 200; });
  EXPECT_THAT(Of("item/1").why, ElementsAre("it was computed by another definition of its product"));
}

TEST_F(Explain, AnotherHistoryOfTheDatabase) {
  Cache(20);
  Fetch("item/2");
  Answer(1, "[2]", 5);  // fewer transactions than one that had completed before it began
  const KeyReport report = Of("item/1");
  EXPECT_EQ(report.freshness, Freshness::kSuspect);
  EXPECT_THAT(report.why, ElementsAre(HasSubstr("its database has another history since")));
}

TEST_F(Explain, APurge) {
  Cache();
  Purge("item/1");
  const KeyReport report = Of("item/1");
  EXPECT_FALSE(report.freshness);
  EXPECT_EQ(report.entry->kind(), EntryKind::kTombstone);
  EXPECT_THAT(report.why, ElementsAre("it was purged"));
}

TEST_F(Explain, APurgeOfTheProduct) {
  Cache();
  engine_->PurgeProduct("item", [](const Result<void>&) {});
  scheduler_.RunReady();
  EXPECT_FALSE(Of("item/1").freshness);
  EXPECT_THAT(Of("item/1").why, ElementsAre("its whole product was purged after it was computed"));
}

TEST_F(Explain, AnEntryPastItsLife) {
  Define([](Product& product) { product.expires_after = seconds(1); });
  Cache();
  scheduler_.Advance(seconds(2));
  const KeyReport report = Of("item/1");
  EXPECT_FALSE(report.freshness);
  EXPECT_EQ(report.expires_in, seconds(-1));
  EXPECT_THAT(report.why, ElementsAre(HasSubstr("past its life")));
}

TEST_F(Explain, ASetValue) {
  Set("free/1", "[1]");
  const KeyReport report = Of("free/1");
  EXPECT_EQ(report.freshness, Freshness::kFresh);
  EXPECT_THAT(report.why, ElementsAre("it was set, and stands until it is set again or purged"));
  Define([](Product& product) { product.settable = true; });
  Set("item/1", "[1]");
  EXPECT_THAT(Of("item/1").why, ElementsAre("it was set, and stands until a computation that begins after that"));
}

TEST_F(Explain, AValueSetBeforeThereWasAProduct) {
  Set("free/1", "[1]");
  Define([](Product& product) { product.name = "free"; });
  EXPECT_FALSE(Of("free/1").freshness);
  EXPECT_THAT(Of("free/1").why, testing::Contains(HasSubstr("before a product had the name")));
}

TEST_F(Explain, AProductThatIsGone) {
  Cache();
  engine_->SetCatalog(std::make_shared<Catalog>());
  EXPECT_FALSE(Of("item/1").has_product);
  EXPECT_THAT(Of("item/1").why, ElementsAre("its product is not among the definitions any more"));
}

TEST_F(Explain, ThatTheSourceHadNoRows) {
  Fetch("item/1");
  Primed none = PrimedAt("[]", 20);
  none.empty = true;
  primer_.Answer(0, none);
  scheduler_.RunReady();
  EXPECT_THAT(Of("item/1").why, ElementsAre("the source had no rows for it, which its product answers as an error"));
}

TEST_F(Explain, AComputeUnderWay) {
  Fetch("item/1");
  Fetch("item/1");
  scheduler_.Advance(milliseconds(300));
  const KeyReport report = Of("item/1");
  ASSERT_TRUE(report.compute);
  EXPECT_EQ(report.compute->since, milliseconds(300));
  EXPECT_EQ(report.compute->waiters, 2U);
}

TEST_F(Explain, FailuresAndWhenToTryAgain) {
  Fetch("item/1");
  Fail(0, ErrorCode::kSourceTimeout);
  const KeyReport report = Of("item/1");
  ASSERT_TRUE(report.failures);
  EXPECT_EQ(report.failures->error.code, ErrorCode::kSourceTimeout);
  EXPECT_EQ(report.failures->count, 1);
  EXPECT_GT(report.failures->retry_in, Duration::zero());
  scheduler_.Advance(seconds(1));
  EXPECT_EQ(Of("item/1").failures->retry_in, Duration::zero());
}

}  // namespace
}  // namespace kck
