#include "refresh/refresh_queue.h"

#include <gtest/gtest.h>

#include <set>

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Outcome = RefreshQueue::Outcome;

// Groups of a fixed size; keys may be held.
class Rules : public RefreshQueue::Judge {
 public:
  std::size_t GroupMax(const Product&) const override { return group_max; }
  bool IsHeld(const ResolvedKey& key) const override { return held.contains(key.text); }

  std::size_t group_max = 1;
  std::set<std::string> held;
};

class Queue : public testing::Test {
 protected:
  static RefreshQueueLimits Limits() {
    RefreshQueueLimits limits;
    limits.keys_max = 100;
    limits.attempts_max = 3;
    limits.dead_letters_max = 2;
    return limits;
  }

  bool Add(const std::string& key, std::uint32_t demand = 0, std::uint32_t cost_us = 1000) {
    return queue_.Add(WishFor(key), demand, cost_us, now_);
  }

  RefreshWish WishFor(const std::string& key) {
    const std::string name = key.substr(0, key.find('/'));
    ProductPtr& product = products_[name];
    if (!product) {
      auto made = std::make_shared<Product>();
      made->name = name;
      product = made;
    }
    return {{key, product, {}}, RefreshReason::kHand, "", nullptr, 0, nullptr};
  }

  std::vector<RefreshQueue::Lease> Take() { return queue_.Take(rules_, now_); }

  // The keys of the next group, one after the other.
  std::string Next() {
    std::string keys;
    for (const auto& lease : Take()) keys += (keys.empty() ? "" : " ") + lease.key.text;
    return keys;
  }

  RefreshQueue queue_{Limits(), 7};
  Rules rules_;
  TimePoint now_ = TimePoint{} + std::chrono::hours(1);
  std::map<std::string, ProductPtr> products_;
};

TEST_F(Queue, TheMostReadOfEqualsComesFirst) {
  Add("a/1", 1);
  Add("a/2", 10);
  Add("a/3", 0);
  now_ += seconds(1);
  EXPECT_EQ(Next(), "a/2");
  EXPECT_EQ(Next(), "a/1");
  EXPECT_EQ(Next(), "a/3");
  EXPECT_EQ(Next(), "");
}

TEST_F(Queue, TheCheaperOfEqualsComesFirst) {
  Add("a/1", 1, 100000);
  Add("a/2", 1, 1000);
  now_ += seconds(1);
  EXPECT_EQ(Next(), "a/2");
}

TEST_F(Queue, AKeyOfUnknownCostIsNotTheCheapest) {
  Add("a/1", 0, 0);
  Add("a/2", 1, 500);
  now_ += seconds(1);
  EXPECT_EQ(Next(), "a/2");
}

TEST_F(Queue, WhatIsReadDoesNotWaitForTheHeapThatNobodyReads) {
  Add("cold/1", 0);
  now_ += seconds(60);
  Add("hot/1", 10);
  now_ += milliseconds(200);
  EXPECT_EQ(Next(), "hot/1");
}

TEST_F(Queue, TheStalerOfEqualsComesFirst) {
  Add("b/1", 1);
  now_ += seconds(10);
  Add("a/1", 1);
  now_ += milliseconds(1);
  EXPECT_EQ(Next(), "b/1");
}

TEST_F(Queue, AReadOfADueKeyRaisesIt) {
  Add("a/1", 1);
  Add("a/2", 1);
  now_ += seconds(1);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(queue_.CountRead("a/2", now_));
  EXPECT_FALSE(queue_.CountRead("a/9", now_));
  EXPECT_EQ(Next(), "a/2");
}

TEST_F(Queue, OneThatNobodyReadsIsNotStarved) {
  Add("cold/1", 0, 1000000);
  now_ += seconds(1);
  bool taken = false;
  for (int i = 0; i < Limits().oldest_every && !taken; ++i) {
    Add("hot/" + std::to_string(i), 1000, 10);
    taken = Next() == "cold/1";
  }
  EXPECT_TRUE(taken);
}

TEST_F(Queue, KeysOfOneProductGoTogether) {
  rules_.group_max = 3;
  Add("a/1", 5);
  Add("b/1", 4);
  Add("a/2", 1);
  Add("a/3", 2);
  Add("a/4", 0);
  now_ += seconds(1);
  EXPECT_EQ(Next(), "a/1 a/3 a/2");
  EXPECT_EQ(Next(), "b/1");
}

TEST_F(Queue, KeysOfTwoDefinitionsOfAProductDoNotGoTogether) {
  rules_.group_max = 3;
  Add("a/1", 5);
  products_.clear();
  Add("a/2", 1);
  EXPECT_EQ(Next(), "a/1");
  EXPECT_EQ(Next(), "a/2");
}

TEST_F(Queue, AKeyThatIsHeldLetsOthersPass) {
  rules_.held = {"a/1"};
  Add("a/1", 100);
  Add("a/2", 1);
  EXPECT_EQ(Next(), "a/2");
  EXPECT_EQ(Next(), "");
  rules_.held.clear();
  EXPECT_EQ(Next(), "a/1");
}

TEST_F(Queue, WishesForOneKeyAreMerged) {
  RefreshWish wish = WishFor("a/1");
  wish.hint = std::make_shared<const std::string>(R"({"n":1})");
  wish.newer_than = 5;
  queue_.Add(wish, 1, 10, now_);
  wish.reason = RefreshReason::kUpdate;
  wish.cause = "update x/1";
  wish.hint = std::make_shared<const std::string>(R"({"n":2})");
  wish.newer_than = 3;
  queue_.Add(wish, 1, 10, now_);
  const auto leases = Take();
  ASSERT_EQ(leases.size(), 1U);
  ASSERT_EQ(leases[0].hints.all().size(), 2U);
  EXPECT_EQ(*leases[0].hints.all()[1], R"({"n":2})");
  EXPECT_TRUE(leases[0].hints.complete());
  EXPECT_EQ(leases[0].newer_than, 5U);
  EXPECT_EQ(leases[0].why, "update, hand (update x/1)");
  EXPECT_EQ(Next(), "");
}

TEST_F(Queue, HintsAreOfOneKeyAlone) {
  RefreshWish wish = WishFor("a/1");
  wish.hint = std::make_shared<const std::string>(R"({"n":1})");
  queue_.Add(wish, 9, 10, now_);
  Add("a/2");
  EXPECT_EQ(Take()[0].hints.all().size(), 1U);
  EXPECT_TRUE(Take()[0].hints.all().empty());
}

TEST_F(Queue, AWishDuringALeaseIsNotLost) {
  Add("a/1");
  const auto leases = Take();
  Add("a/1");
  EXPECT_EQ(Next(), "") << "one at a time";
  EXPECT_FALSE(queue_.Done(leases[0], Outcome::kDone, "", 100, now_));
  EXPECT_EQ(Next(), "a/1");
}

TEST_F(Queue, WhatIsDoneIsForgotten) {
  Add("a/1");
  queue_.Done(Take()[0], Outcome::kDone, "", 100, now_);
  EXPECT_EQ(queue_.Counts(now_).all(), 0U);
  EXPECT_FALSE(queue_.Report("a/1", now_));
}

TEST_F(Queue, AFailureIsTriedAgainAfterABackOffThatGrows) {
  Add("a/1");
  Duration last{};
  for (int failures = 1; failures < Limits().attempts_max; ++failures) {
    const auto leases = Take();
    ASSERT_EQ(leases.size(), 1U);
    EXPECT_FALSE(queue_.Done(leases[0], Outcome::kFailed, "no", 0, now_));
    EXPECT_EQ(Next(), "") << "not at once";
    const DueReport report = *queue_.Report("a/1", now_);
    EXPECT_EQ(report.state, DueState::kBackingOff);
    EXPECT_EQ(report.attempts, failures);
    EXPECT_EQ(report.error, "no");
    EXPECT_GT(*report.retry_in, last / 2) << "with jitter";
    last = *report.retry_in;
    now_ = *queue_.Advance(now_);
    queue_.Advance(now_);
  }
}

class FailingQueue : public Queue {
 protected:
  // Until it is a dead letter.
  void FailToDeath(const std::string& key) {
    Add(key);
    for (bool dead = false; !dead; queue_.Advance(now_)) {
      const auto leases = Take();
      ASSERT_EQ(leases.size(), 1U);
      dead = queue_.Done(leases[0], Outcome::kFailed, "no", 0, now_);
      now_ += seconds(60);
    }
  }
};

TEST_F(FailingQueue, AfterSoManyFailuresAKeyIsADeadLetter) {
  FailToDeath("a/1");
  EXPECT_EQ(queue_.Counts(now_).dead, 1U);
  EXPECT_EQ(Next(), "");
  EXPECT_EQ(queue_.Report("a/1", now_)->state, DueState::kDead);
  Add("a/1");
  EXPECT_EQ(Next(), "a/1") << "a new wish brings it back";
}

TEST_F(FailingQueue, AReadBringsADeadLetterBackNowAndThen) {
  FailToDeath("a/1");
  now_ += seconds(1);
  EXPECT_TRUE(queue_.CountRead("a/1", now_));
  const auto leases = Take();
  ASSERT_EQ(leases.size(), 1U);
  EXPECT_TRUE(queue_.Done(leases[0], Outcome::kFailed, "no", 0, now_)) << "one failure is enough then";
  EXPECT_TRUE(queue_.CountRead("a/1", now_));
  EXPECT_EQ(Next(), "") << "not at each read";
}

TEST_F(FailingQueue, DeadLettersAreBoundedAndCanBeRevived) {
  for (const char* key : {"a/1", "a/2", "a/3"}) FailToDeath(key);
  EXPECT_EQ(queue_.Counts(now_).dead, 2U);
  EXPECT_FALSE(queue_.Holds("a/1")) << "the oldest is forgotten";
  EXPECT_EQ(queue_.Revive([](const ResolvedKey& key) { return key.text == "a/3"; }), 1U);
  EXPECT_EQ(queue_.Counts(now_).dead, 1U);
  EXPECT_EQ(Next(), "a/3");
  EXPECT_EQ(queue_.Revive(), 1U);
  EXPECT_EQ(queue_.Counts(now_).waiting, 1U);
}

TEST_F(Queue, AnOutageCountsForNoKey) {
  Add("a/1");
  for (int i = 0; i < 20; ++i) {
    const auto leases = Take();
    ASSERT_EQ(leases.size(), 1U);
    EXPECT_FALSE(queue_.Done(leases[0], Outcome::kNotTried, "gone", 0, now_));
    now_ += seconds(1);
    queue_.Advance(now_);
  }
  EXPECT_EQ(queue_.Report("a/1", now_)->attempts, 0);
}

TEST_F(Queue, AFillThatCameTooEarlyIsRepeatedSoonThenLessOften) {
  Add("a/1");
  Duration first{};
  Duration last{};
  for (int i = 0; i < 12; ++i) {
    const auto leases = Take();
    ASSERT_EQ(leases.size(), 1U);
    EXPECT_FALSE(queue_.Done(leases[0], Outcome::kMissed, "", 100, now_));
    last = *queue_.Report("a/1", now_)->retry_in;
    if (i == 0) first = last;
    now_ += last;
    queue_.Advance(now_);
  }
  EXPECT_LE(first, milliseconds(20));
  EXPECT_GE(last, milliseconds(900));
  EXPECT_EQ(queue_.Report("a/1", now_)->attempts, 0);
}

TEST_F(Queue, ALeaseThatNobodyEndsCountsAsAFailure) {
  Add("a/1");
  const auto leases = Take();
  now_ += Limits().lease;
  queue_.Advance(now_);
  EXPECT_EQ(queue_.Report("a/1", now_)->attempts, 1);
  queue_.Done(leases[0], Outcome::kDone, "", 100, now_);
  EXPECT_TRUE(queue_.Holds("a/1")) << "it is too late then";
}

TEST_F(Queue, AFailureKeepsTheHints) {
  RefreshWish wish = WishFor("a/1");
  wish.hint = std::make_shared<const std::string>("{}");
  queue_.Add(wish, 0, 0, now_);
  queue_.Done(Take()[0], Outcome::kFailed, "no", 0, now_);
  now_ += seconds(60);
  queue_.Advance(now_);
  EXPECT_EQ(Take()[0].hints.all().size(), 1U);
}

TEST_F(Queue, IsBoundedForNewKeysAlone) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Add("a/" + std::to_string(i)));
  EXPECT_FALSE(Add("a/100"));
  EXPECT_TRUE(Add("a/7"));
}

TEST_F(Queue, ReportsPlaces) {
  Add("a/1", 1);
  Add("a/2", 10);
  now_ += seconds(1);
  EXPECT_EQ(*queue_.Report("a/2", now_)->place, 0U);
  EXPECT_EQ(*queue_.Report("a/1", now_)->place, 1U);
  const auto reports = queue_.Report(10, now_);
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[0].key, "a/2");
  EXPECT_EQ(reports[0].age, seconds(1));
}

// The order that is kept by classes is the one that a sort of all keys would give, but for a class's own width.
TEST_F(Queue, TheOrderIsDemandTimesStalenessByCost) {
  struct Known {
    double worth;
    TimePoint since;
  };
  std::map<std::string, Known> known;
  std::minstd_rand random(3);
  for (int i = 0; i < 80; ++i) {
    const auto demand = static_cast<std::uint32_t>(random() % 50);
    const auto cost_us = static_cast<std::uint32_t>(100 + random() % 100000);
    const std::string key = "a/" + std::to_string(i);
    Add(key, demand, cost_us);
    known[key] = {(demand + 0.25) / cost_us, now_};
    now_ += milliseconds(random() % 1000);
  }
  now_ += seconds(5);
  const auto score = [&](const std::string& key) {
    return known[key].worth * std::chrono::duration<double>(now_ - known[key].since).count();
  };
  for (int taken = 1; taken < Limits().oldest_every; ++taken) {
    const std::string next = Next();
    double best = 0;
    for (const auto& [key, one] : known) best = std::max(best, score(key));
    EXPECT_GE(score(next) * 2.01, best) << next;
    known.erase(next);
  }
}

}  // namespace
}  // namespace kck
