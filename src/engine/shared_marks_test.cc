// Marks of keys among processes: what one of them marks is stale at all, until what is computed shows it.
#include <gtest/gtest.h>

#include "testing/sharer.h"

namespace kck {
namespace {

// `item/:id` is due after its row was written through the updater.
void AfterUpdates(Product& product) {
  Trigger trigger;
  trigger.text = "item/:id";
  trigger.source = "item";
  trigger.parts = {{Trigger::Part::Kind::kParam, "id"}};
  product.refresh.after_updates = {trigger};
}

class SharedMarks : public Sharing {
 protected:
  const std::unique_ptr<Sharer> one_ = Start("one", AfterUpdates);
  const std::unique_ptr<Sharer> other_ = Start("other", AfterUpdates);
};

TEST_F(SharedMarks, AKeyThatOneHasMarkedIsStaleAtTheOthers) {
  ShareOne(*one_, *other_);
  ASSERT_TRUE(one_->QueueRefresh("item/1"));
  EXPECT_EQ(other_->Get("item/1"), "[1]") << "nobody has told it";
  PassRecheck();
  EXPECT_EQ(other_->Get("item/1"), "stale [1]");
  const auto third = Start("third");
  EXPECT_EQ(third->Get("item/1"), "stale [1]") << "as it is read from the store";
}

TEST_F(SharedMarks, AMarkOutlivesWhoMadeIt) {
  auto gone = Start("gone");
  gone->Get("item/1");
  gone->Answer("[1]", 10);
  ASSERT_TRUE(gone->QueueRefresh("item/1"));
  gone.reset();
  EXPECT_EQ(other_->Get("item/1"), "stale [1]");
}

TEST_F(SharedMarks, AMarkIsOverOnceAnotherHasComputedWhatItShows) {
  ShareOne(*one_, *other_);
  ASSERT_TRUE(one_->QueueRefresh("item/1"));
  EXPECT_EQ(one_->Get("item/1"), "stale [1]");
  other_->Refresh("item/1");
  other_->Answer("[2]", 12);
  PassRecheck();
  EXPECT_EQ(one_->Get("item/1"), "[2]");
  EXPECT_EQ(other_->Get("item/1"), "[2]");
}

TEST_F(SharedMarks, WhatBeganBeforeAMarkIsStaleWhoeverPutsIt) {
  ShareOne(*one_, *other_);
  other_->Refresh("item/1");
  const std::size_t before = other_->begun();
  ASSERT_TRUE(one_->QueueRefresh("item/1"));
  other_->AnswerNumber(before - 1, "[2]", 12);
  PassRecheck();
  EXPECT_EQ(one_->Get("item/1"), "stale [2]");
  EXPECT_EQ(other_->Get("item/1"), "stale [2]");
  other_->Answer("[3]", 12);
  EXPECT_EQ(other_->Get("item/1"), "[3]");
}

// Its number is not above, since it is no older in the order of the two processes; it is all the same.
TEST_F(SharedMarks, OfSourcesWithoutStampsTheNumberDecides) {
  for (int i = 0; i < 1000; ++i) other_->engine().NextSequence();
  one_->Get("item/1");
  one_->AnswerUnstamped("[1]");
  EXPECT_EQ(other_->Get("item/1"), "[1]");
  other_->Refresh("item/1");
  const std::size_t before = other_->begun();
  Written written = WrittenAt(0);
  written.transaction.reset();
  one_->Update(written, "1");
  one_->AnswerUnstamped("[2]");
  EXPECT_EQ(one_->Get("item/1"), "[2]");
  Primed old;
  old.value = "[old]";
  other_->AnswerUnstamped("[old]");
  EXPECT_EQ(other_->begun(), before);
  PassRecheck();
  EXPECT_EQ(one_->Get("item/1"), "stale [old]") << "it has taken the newer one's place, and is known for what it is";
}

TEST_F(SharedMarks, ATransactionIsHeldAgainstEveryStamp) {
  ShareOne(*one_, *other_);
  one_->Update(WrittenAt(12), "1");
  PassRecheck();
  EXPECT_EQ(other_->Get("item/1"), "stale [1]");
  EXPECT_EQ(other_->begun(), 1U) << "who reads it has it computed";
  other_->Answer("[1]", 12);
  EXPECT_EQ(other_->Get("item/1"), "stale [1]") << "its snapshot does not see the transaction yet";
  other_->Answer("[2]", 13);
  EXPECT_EQ(other_->Get("item/1"), "[2]");
  PassRecheck();
  EXPECT_EQ(one_->Get("item/1"), "[2]") << "and so it is where the transaction was";
}

TEST_F(SharedMarks, AWriteThatChangedNothingMarksNothing) {
  ShareOne(*one_, *other_);
  one_->Update(WrittenAt(0), "1");
  PassRecheck();
  EXPECT_EQ(other_->Get("item/1"), "[1]");
}

TEST_F(SharedMarks, WhatIsSetAfterAMarkStands) {
  ShareOne(*one_, *other_);
  other_->SetMoment(20);
  one_->Update(WrittenAt(12), "1");
  ASSERT_TRUE(other_->Set("item/1", "[set]"));
  PassRecheck();
  EXPECT_EQ(other_->Get("item/1"), "[set]");
  EXPECT_EQ(Start("third")->Get("item/1"), "[set]");
  one_->Update(WrittenAt(22), "1");
  PassRecheck();
  EXPECT_EQ(other_->Get("item/1"), "stale [set]");
}

TEST_F(SharedMarks, AnotherDatabasesTransactionsSayNothing) {
  const auto moved = [](Product& product) { product.database = "second"; };
  ShareOne(*one_, *other_);
  one_->Update(WrittenAt(12), "1");
  const auto third = Start("third", moved);
  EXPECT_EQ(third->Get("item/1"), "[1]");
}

TEST_F(SharedMarks, WhatAnotherDefinitionShowsDoesNotClearTheMarkOfTheFirst) {
  const auto third = Start("third", [](Product& product) { product.fingerprint = 200; });
  ShareOne(*one_, *other_);
  EXPECT_EQ(third->Get("item/1"), "stale [1]") << "by the other definition";
  third->Answer("[1000]", 10);
  EXPECT_EQ(third->Get("item/1"), "[1000]");
  one_->Update(WrittenAt(12), "1");
  one_->Answer("[2]", 14);
  EXPECT_EQ(one_->Get("item/1"), "[2]") << "and the transaction is forgotten";
  PassRecheck();
  EXPECT_EQ(third->Get("item/1"), "stale [1000]");
  third->Answer("[1002]", 14);
  EXPECT_EQ(third->Get("item/1"), "[1002]");
  EXPECT_EQ(other_->Get("item/1"), "[2]");
}

TEST_F(SharedMarks, WhatIsPurgedIsGoneWhateverTheDefinition) {
  const auto third = Start("third", [](Product& product) { product.fingerprint = 200; });
  ShareOne(*one_, *other_);
  third->Get("item/1");
  third->Answer("[1000]", 10);
  ASSERT_TRUE(one_->Purge("item/1"));
  PassRecheck();
  EXPECT_EQ(third->Get("item/1"), "waits");
}

TEST_F(SharedMarks, AMarkThatIsLongOverAsksForNoCompute) {
  ShareOne(*one_, *other_);
  one_->Refresh("item/1");
  one_->Answer("[2]", 11);
  ASSERT_TRUE(one_->Purge("item/1"));
  const auto third = Start("third", [](Product& product) { product.on_miss = OnMiss::kError; });
  EXPECT_EQ(third->Get("item/1"), "error KCKKeyNotSetException");
}

TEST_F(SharedMarks, ARefreshIsNotDoneWhereTheStoreTakesNoMark) {
  ShareOne(*one_, *other_);
  shared_.down = true;
  EXPECT_FALSE(one_->QueueRefresh("item/1"));
}

}  // namespace
}  // namespace kck
