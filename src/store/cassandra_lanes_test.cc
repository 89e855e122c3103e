#include "store/cassandra_lanes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/entries.h"
#include "testing/manual_scheduler.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

EntryPtr Computed(const std::string& key, std::uint64_t number) {
  return MakeEntry(key, std::to_string(number), {1, number, 0}, [](EntryFacts& facts) { facts.fingerprint = 7; });
}

EntryPtr Set(const std::string& key, std::uint64_t number) {
  return MakeEntry(key, std::to_string(number), {1, number, 0}, [](EntryFacts& facts) {
    facts.fingerprint = 7;
    facts.kind = EntryKind::kSet;
  });
}

// Writes wait in `under_way_` until the test ends them.
class CassandraLanesTest : public testing::Test {
 protected:
  std::shared_ptr<CassandraLanes> Lanes(const CassandraLimits& limits = {.retry_for_ms = 10000,
                                                                         .close_timeout_ms = 0}) {
    return std::make_shared<CassandraLanes>(scheduler_, limits, [this](auto write, auto finish) {
      under_way_.emplace_back(std::string(write->entry->value()), std::move(finish));
    });
  }

  ErrorCode Add(const std::string& name, const EntryPtr& entry, std::optional<PutCondition> condition = {}) {
    CassandraWrite write{std::string(entry->key()), entry, condition, {}};
    write.done.push_back(
        [this, name](const Result<void>& result) { told_.push_back(name + (result ? "" : " failed")); });
    const Result<void> added = lanes_->Add(write);
    return added ? ErrorCode::kUnknownKey : added.error().code;
  }

  std::vector<std::string> UnderWay() const {
    std::vector<std::string> values;
    for (const auto& [value, finish] : under_way_) values.push_back(value);
    return values;
  }

  void End(Outcome<void> outcome = {}) {
    auto finish = std::move(under_way_.front().second);
    under_way_.pop_front();
    finish(std::move(outcome));
  }

  void EndAway() { End(tl::unexpected(CassandraFailure{CqlStatus::kUnavailable, {ErrorCode::kStoreError, "away"}})); }

  ManualScheduler scheduler_;
  std::deque<std::pair<std::string, CassandraLanes::Finish>> under_way_;
  std::vector<std::string> told_;
  std::shared_ptr<CassandraLanes> lanes_ = Lanes();
};

constexpr auto kAdded = ErrorCode::kUnknownKey;

TEST_F(CassandraLanesTest, WritesOfOneKeyGoOneByOneAndOthersAtOnce) {
  Add("a1", Set("a", 1));
  Add("a2", Set("a", 2));
  Add("b3", Set("b", 3));
  EXPECT_THAT(UnderWay(), ElementsAre("1", "3"));
  End();
  EXPECT_THAT(told_, ElementsAre("a1"));
  EXPECT_THAT(UnderWay(), ElementsAre("3", "2"));
  End();
  End();
  EXPECT_THAT(told_, ElementsAre("a1", "b3", "a2"));
  EXPECT_EQ(lanes_->waiting().writes, 0U);
  EXPECT_EQ(lanes_->waiting().bytes, 0U);
}

TEST_F(CassandraLanesTest, TheNewestComputedEntryOfAKeyTakesTheWaitingOnesPlace) {
  Add("1", Computed("a", 1));
  Add("2", Computed("a", 2));
  Add("4", Computed("a", 4));
  Add("3", Computed("a", 3));
  EXPECT_EQ(lanes_->waiting().writes, 2U);
  EXPECT_THAT(UnderWay(), ElementsAre("1")) << "what is under way is not touched";
  End();
  EXPECT_THAT(UnderWay(), ElementsAre("4"));
  EXPECT_THAT(told_, ElementsAre("1"));
  End();
  EXPECT_THAT(told_, ElementsAre("1", "2", "4", "3"));
}

TEST_F(CassandraLanesTest, SetsAndConditionsAreAllWritten) {
  Add("1", Computed("a", 1));
  Add("2", Set("a", 2));
  Add("3", Set("a", 3));
  Add("4", Computed("a", 4), PutCondition{{1, 3, 0}});
  Add("5", Computed("a", 5));
  for (const char* value : {"1", "2", "3", "4", "5"}) {
    EXPECT_THAT(UnderWay(), ElementsAre(value));
    End();
  }
  EXPECT_THAT(told_, ElementsAre("1", "2", "3", "4", "5"));
}

TEST_F(CassandraLanesTest, ComputedEntriesAreTriedAgainWithPausesThatGrow) {
  Add("1", Computed("a", 1));
  EndAway();
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_THAT(UnderWay(), IsEmpty());
  scheduler_.Advance(milliseconds(99));
  EXPECT_THAT(UnderWay(), IsEmpty());
  scheduler_.Advance(milliseconds(1));
  EXPECT_THAT(UnderWay(), ElementsAre("1"));
  EndAway();
  Add("2", Computed("a", 2));
  scheduler_.Advance(milliseconds(199));
  EXPECT_THAT(UnderWay(), IsEmpty());
  scheduler_.Advance(milliseconds(1));
  EXPECT_THAT(UnderWay(), ElementsAre("2")) << "the one that was to be tried again had its place taken";
  End();
  EXPECT_THAT(told_, ElementsAre("1", "2"));
}

TEST_F(CassandraLanesTest, ComputedEntriesAreGivenUpInTheEnd) {
  Add("1", Computed("a", 1));
  for (int tries = 0; !under_way_.empty(); ++tries) {
    ASSERT_LT(tries, 100);
    EndAway();
    scheduler_.Advance(milliseconds(5000));
  }
  EXPECT_THAT(told_, ElementsAre("1 failed"));
  EXPECT_EQ(lanes_->waiting().given_up, 1U);
}

TEST_F(CassandraLanesTest, WhoWaitsForAnAnswerIsToldAtOnceThatCassandraIsAway) {
  Add("1", Computed("a", 1));
  Add("2", Set("a", 2));
  EndAway();
  EXPECT_THAT(told_, ElementsAre("2 failed"));
  Add("3", Set("a", 3));
  EXPECT_THAT(UnderWay(), ElementsAre("1")) << "without the pause's end";
  EndAway();
  EXPECT_THAT(told_, ElementsAre("2 failed", "3 failed"));
  lanes_->Wake();
  End();
  EXPECT_THAT(told_, ElementsAre("2 failed", "3 failed", "1"));
}

TEST_F(CassandraLanesTest, ARefusedEntryIsNotTriedAgain) {
  Add("1", Computed("a", 1));
  End(tl::unexpected(CassandraFailure{CqlStatus::kBadRequest, {ErrorCode::kStoreError, "no"}}));
  EXPECT_THAT(told_, ElementsAre("1 failed"));
}

TEST_F(CassandraLanesTest, IsBoundedInCountAndBytes) {
  lanes_ = Lanes({.writes_waiting_max = 2});
  EXPECT_EQ(Add("1", Set("a", 1)), kAdded);
  EXPECT_EQ(Add("2", Set("a", 2)), kAdded);
  EXPECT_EQ(Add("3", Set("b", 3)), ErrorCode::kOverloaded);
  lanes_ = Lanes({.write_bytes_waiting_max = 10});
  EXPECT_EQ(Add("4", Set("a", 1)), kAdded) << "one that is larger than the bound goes alone";
  EXPECT_EQ(Add("5", Set("b", 2)), ErrorCode::kOverloaded);
}

TEST_F(CassandraLanesTest, StartsNoMoreAtOnceThanItMay) {
  lanes_ = Lanes({.writes_running_max = 2});
  for (const char* key : {"a", "b", "c"}) Add(key, Set(key, 1));
  EXPECT_EQ(under_way_.size(), 2U);
  End();
  EXPECT_EQ(under_way_.size(), 2U);
}

TEST_F(CassandraLanesTest, ClosingTriesOnceMoreAndThenFailsWhatIsLeft) {
  Add("1", Computed("a", 1));
  EndAway();
  Add("2", Set("b", 2));
  Add("3", Set("b", 3));
  lanes_->Finishing();
  EXPECT_EQ(Add("4", Set("c", 4)), ErrorCode::kStoreError);
  EXPECT_THAT(UnderWay(), ElementsAre("2", "1"));
  End();
  EXPECT_THAT(told_, ElementsAre("2"));
  EndAway();
  EXPECT_THAT(told_, ElementsAre("2", "1 failed"));
  lanes_->FailAll();
  EXPECT_THAT(told_, ElementsAre("2", "1 failed", "3 failed"));
  End();
  EXPECT_EQ(told_.size(), 3U) << "each callback runs once";
}

}  // namespace
}  // namespace kck
