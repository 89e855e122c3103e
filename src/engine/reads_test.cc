// Keys that are computed from others: what changes those makes them due, whenever it comes.
#include <gmock/gmock.h>

#include <thread>

#include "base/pause_point.h"
#include "testing/engine_fixture.h"

namespace kck {
namespace {

using testing::HasSubstr;

class Reads : public EngineFixture {
 protected:
  // item/1 and the like are computed by a function, and may read each other.
  Reads() {
    Define([](Product& product) { product.function = std::make_shared<PythonFunction>(); });
  }

  // Ends a compute that read `reads`.
  void AnswerFrom(std::size_t which, const std::string& value, std::vector<std::string> reads) {
    Primed primed;
    primed.value = value;
    primed.reads = std::move(reads);
    primer_.Answer(which, std::move(primed));
    scheduler_.RunReady();
  }

  // `reader`, which is being computed, reads what is in memory.
  void Read(const std::string& reader, const std::string& read) {
    ASSERT_TRUE(engine_->BeginRead(Key(reader), read));
    engine_->EndRead(Key(reader), read, nullptr);
  }

  // item/1 is computed from item/2.
  void ComputeBoth() {
    const auto read = Fetch("item/2");
    AnswerFrom(0, "[2]", {});
    const auto reader = Fetch("item/1");
    Read("item/1", "item/2");
    AnswerFrom(1, "[1]", {"item/2"});
    ASSERT_EQ(Peek("item/1"), "[1]");
  }
};

TEST_F(Reads, AnotherContentOfWhatWasReadMakesTheReaderDue) {
  ComputeBoth();
  Refresh("item/2");
  AnswerFrom(2, "[22]", {});
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  ASSERT_EQ(primer_.begun(), 4U) << "it is computed again before anyone asks";
  EXPECT_EQ(primer_.Asked(3).key.text, "item/1");
  AnswerFrom(3, "[11]", {"item/2"});
  EXPECT_EQ(Peek("item/1"), "[11]");
}

TEST_F(Reads, TheSameContentDoesNot) {
  ComputeBoth();
  Refresh("item/2");
  AnswerFrom(2, "[2]", {});
  EXPECT_EQ(Peek("item/1"), "[1]");
  EXPECT_EQ(primer_.begun(), 3U);
}

TEST_F(Reads, AChangeAfterTheReadAndBeforeItsComputeEnds) {
  const auto read = Fetch("item/2");
  AnswerFrom(0, "[2]", {});
  const auto reader = Fetch("item/1");
  Read("item/1", "item/2");
  Refresh("item/2");
  AnswerFrom(2, "[22]", {});
  AnswerFrom(1, "[1]", {"item/2"});
  EXPECT_THAT(Peek("item/1"), HasSubstr("stale"));
}

// It comes after those were noted who had read item/2, and gets what the compute replaces.
TEST_F(Reads, WhoBeginsToReadWhileAComputeIsPublishedIsDueAfterIt) {
  const auto read = Fetch("item/2");
  AnswerFrom(0, "[2]", {});
  const auto reader = Fetch("item/1");
  Refresh("item/2");
  ArmPausePoint("engine.place");
  std::jthread publisher([&] {
    Primed primed;
    primed.value = "[22]";
    primer_.Answer(2, std::move(primed));
  });
  AwaitPausePoint("engine.place");
  Read("item/1", "item/2");
  ReleasePausePoint("engine.place");
  publisher.join();
  scheduler_.RunReady();
  AnswerFrom(1, "[1]", {"item/2"});
  EXPECT_EQ(Peek("item/1"), "stale [1]");
}

TEST_F(Reads, WhoBeginsToReadWhileASetIsUnderWayIsDueAfterIt) {
  Set("plain", "[7]");
  const auto reader = Fetch("item/1");
  store_.hold_puts = true;
  const auto set = Set("plain", "[8]");
  Read("item/1", "plain");
  store_.hold_puts = false;
  store_.ReleasePuts();
  scheduler_.RunReady();
  ASSERT_TRUE(set->has_value());
  AnswerFrom(0, "[1]", {"plain"});
  EXPECT_EQ(Peek("item/1"), "stale [1]");
}

// What it asks for is not there: it waits for the compute, and gets what that brings.
TEST_F(Reads, WhoWaitsForTheFirstComputeIsNotDueAfterIt) {
  const auto reader = Fetch("item/1");
  ASSERT_TRUE(engine_->BeginRead(Key("item/1"), "item/2"));
  const auto read = Fetch("item/2");
  AnswerFrom(1, "[2]", {});
  engine_->EndRead(Key("item/1"), "item/2", &*read->value());
  AnswerFrom(0, "[1]", {"item/2"});
  EXPECT_EQ(Text(reader), "[1]");
  EXPECT_EQ(Peek("item/1"), "[1]");
  EXPECT_EQ(primer_.begun(), 2U);
  Refresh("item/2");
  AnswerFrom(2, "[22]", {});
  EXPECT_EQ(Peek("item/1"), "stale [1]");
}

TEST_F(Reads, WhoWaitsWhileASecondComputeIsPublishedIsDue) {
  const auto reader = Fetch("item/1");
  ASSERT_TRUE(engine_->BeginRead(Key("item/1"), "item/2"));
  const auto read = Fetch("item/2");
  AnswerFrom(1, "[2]", {});
  Refresh("item/2");
  AnswerFrom(2, "[22]", {});
  engine_->EndRead(Key("item/1"), "item/2", &*read->value());
  AnswerFrom(0, "[1]", {"item/2"});
  EXPECT_EQ(Peek("item/1"), "stale [1]");
}

TEST_F(Reads, WhoGotWhatWasThereBeforeAComputeIsDueAfterIt) {
  Fetch("item/2");
  AnswerFrom(0, "[2]", {});
  const auto reader = Fetch("item/1");
  ASSERT_TRUE(engine_->BeginRead(Key("item/1"), "item/2"));
  const auto read = Fetch("item/2");
  Refresh("item/2");
  AnswerFrom(2, "[22]", {});
  engine_->EndRead(Key("item/1"), "item/2", &*read->value());
  AnswerFrom(1, "[1]", {"item/2"});
  EXPECT_EQ(Peek("item/1"), "stale [1]");
}

TEST_F(Reads, ASetAndAPurgeAreChanges) {
  ComputeBoth();
  Set("plain", "[7]");
  const auto again = Refresh("item/1");
  Read("item/1", "plain");
  AnswerFrom(2, "[1]", {"item/2", "plain"});
  Set("plain", "[8]");
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  AnswerFrom(3, "[18]", {"item/2", "plain"});
  EXPECT_EQ(Peek("item/1"), "[18]");
  Purge("plain");
  EXPECT_EQ(Peek("item/1"), "stale [18]");
}

TEST_F(Reads, ASetOfTheSameContentIsNone) {
  Set("plain", "[7]");
  const auto reader = Fetch("item/1");
  Read("item/1", "plain");
  AnswerFrom(0, "[1]", {"plain"});
  Set("plain", "[7]");
  EXPECT_EQ(Peek("item/1"), "[1]");
  EXPECT_EQ(primer_.begun(), 1U);
  Purge("plain");
  AnswerFrom(1, "[2]", {"plain"});
  Set("plain", "[7]");
  EXPECT_EQ(Peek("item/1"), "stale [2]") << "between them there was none";
}

TEST_F(Reads, WhatIsReadNoMoreChangesNothing) {
  ComputeBoth();
  Refresh("item/1");
  AnswerFrom(2, "[1]", {});
  Refresh("item/2");
  AnswerFrom(3, "[22]", {});
  EXPECT_EQ(Peek("item/1"), "[1]");
}

TEST_F(Reads, AChainIsOutOfDateAtOnce) {
  ComputeBoth();
  const auto third = Fetch("item/3");
  Read("item/3", "item/1");
  AnswerFrom(2, "[3]", {"item/1"});
  Refresh("item/2");
  AnswerFrom(3, "[22]", {});
  EXPECT_EQ(Peek("item/1"), "stale [1]");
  EXPECT_EQ(Peek("item/3"), "stale [3]");
}

TEST_F(Reads, ARestartForgetsNone) {
  ComputeBoth();
  Restart();
  Refresh("item/2");
  AnswerFrom(2, "[22]", {});
  EXPECT_EQ(Text(Fetch("item/1")), "stale [1]");
}

TEST_F(Reads, ACycleIsRefusedWithItsPath) {
  ComputeBoth();
  const auto refused = engine_->BeginRead(Key("item/2"), "item/1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBadRequest);
  EXPECT_EQ(refused.error().message, "item/2 would be computed from itself: item/2 → item/1 → item/2");
}

// Its versions are of no history, so that what was purged can be computed again.
TEST_F(Reads, AFunctionsKeyIsComputedAfterAPurgeThoughItsDatabaseHasSnapshots) {
  const auto sql = [&](bool function) {
    Define([function](Product& product) {
      if (function) product.function = std::make_shared<PythonFunction>();
    });
  };
  sql(false);
  Fetch("item/9");
  Answer(0, "[9]", 50);
  sql(true);
  const auto first = Fetch("item/1");
  AnswerFrom(1, "[1]", {});
  Purge("item/1");
  const auto second = Fetch("item/1");
  AnswerFrom(2, "[2]", {});
  EXPECT_EQ(Text(second), "[2]");
  EXPECT_EQ(Peek("item/1"), "[2]");
}

}  // namespace
}  // namespace kck
