#include "engine/dependencies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kck {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Verdict = Dependencies::Verdict;

class DependenciesTest : public testing::Test {
 protected:
  Dependencies dependencies_{4};
};

TEST_F(DependenciesTest, AReadIsKnownFromItsBegin) {
  EXPECT_EQ(dependencies_.Begin("sum", 1, "item/1"), Verdict::kNoted);
  EXPECT_THAT(dependencies_.DependentsOf("item/1"), ElementsAre("sum"));
  EXPECT_THAT(dependencies_.DependentsOf("sum"), IsEmpty());
}

TEST_F(DependenciesTest, WhatAComputeReadReplacesWhatWasReadBefore) {
  dependencies_.Begin("sum", 1, "item/1");
  EXPECT_TRUE(dependencies_.Keep("sum", 1, {"item/1", "item/2", "item/1"}));
  EXPECT_FALSE(dependencies_.Keep("sum", 1, {"item/2", "item/1"})) << "the same set needs no new record";
  EXPECT_TRUE(dependencies_.Keep("sum", 1, {"item/2"}));
  EXPECT_THAT(dependencies_.DependentsOf("item/1"), IsEmpty());
  EXPECT_THAT(dependencies_.DependentsOf("item/2"), ElementsAre("sum"));
  EXPECT_TRUE(dependencies_.Keep("sum", 1, {}));
  EXPECT_TRUE(dependencies_.empty());
  EXPECT_FALSE(dependencies_.Keep("sum", 1, {}));
}

TEST_F(DependenciesTest, ACycleIsSeenBeforeItIsRead) {
  EXPECT_EQ(dependencies_.Begin("a", 1, "a"), Verdict::kCycle);
  dependencies_.Begin("a", 1, "b");
  dependencies_.Begin("b", 1, "c");
  EXPECT_EQ(dependencies_.Begin("c", 1, "a"), Verdict::kCycle);
  EXPECT_EQ(dependencies_.CycleText("c", "a"), "c → a → b → c");
  EXPECT_EQ(dependencies_.Begin("c", 1, "d"), Verdict::kNoted);
}

TEST_F(DependenciesTest, WhoWaitsForAPrimeIsNoDependentOfIt) {
  dependencies_.Begin("a", 1, "b");
  EXPECT_THAT(dependencies_.DependentsOfPrime("b"), IsEmpty());
  EXPECT_FALSE(dependencies_.End("a", "b", true)) << "it got what that prime brought";
  EXPECT_THAT(dependencies_.DependentsOfPrime("b"), ElementsAre("a"));
  dependencies_.Begin("a", 1, "b");
  EXPECT_THAT(dependencies_.DependentsOfPrime("b"), IsEmpty());
  EXPECT_TRUE(dependencies_.End("a", "b", false)) << "it got what was there before";
  EXPECT_FALSE(dependencies_.End("a", "b", true)) << "nothing was begun";
}

TEST_F(DependenciesTest, AnotherDefinitionBeginsAnew) {
  dependencies_.Begin("a", 1, "b");
  dependencies_.Keep("a", 1, {"b"});
  dependencies_.Begin("a", 2, "c");
  EXPECT_THAT(dependencies_.DependentsOf("b"), IsEmpty());
  EXPECT_EQ(dependencies_.Begin("b", 2, "a"), Verdict::kNoted) << "what the old definition read is no cycle";
}

TEST_F(DependenciesTest, HaveABound) {
  for (const char* read : {"1", "2", "3", "4"}) EXPECT_EQ(dependencies_.Begin("a", 1, read), Verdict::kNoted);
  EXPECT_EQ(dependencies_.Begin("b", 1, "1"), Verdict::kFull);
  dependencies_.Keep("a", 1, {"1"});
  EXPECT_EQ(dependencies_.Begin("b", 1, "1"), Verdict::kNoted);
}

TEST_F(DependenciesTest, ARecordBringsThemBack) {
  const std::string record = Dependencies::RecordText(77, {"item/1", "item/a%2Fb"});
  EXPECT_TRUE(dependencies_.Restore("sum", record));
  EXPECT_THAT(dependencies_.DependentsOf("item/a%2Fb"), ElementsAre("sum"));
  EXPECT_FALSE(dependencies_.Keep("sum", 77, {"item/1", "item/a%2Fb"}));
  EXPECT_FALSE(dependencies_.Restore("x", "none"));
}

}  // namespace
}  // namespace kck
