#include "refresh/database_budget.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace kck {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart = TimePoint{} + std::chrono::hours(1);

// Statements of random costs, one after the other, as the budget lets them.
TEST(DatabaseBudget, NoTenSecondsAreOverTheShare) {
  DatabaseBudget budget({0.2, 1});
  std::minstd_rand random(5);
  std::uniform_real_distribution<> any(1000, 50000);
  TimePoint now = kStart;
  std::vector<std::pair<TimePoint, Duration>> ran;
  while (now < kStart + seconds(120)) {
    now = std::max(now, budget.ready_at());
    const double estimated = any(random);
    const double cost = any(random);
    budget.Start(estimated, now);
    ran.emplace_back(now, microseconds(static_cast<int>(cost)));
    now += microseconds(static_cast<int>(cost));
    budget.End(estimated, cost);
  }
  double most = 0;
  for (TimePoint from = kStart; from < kStart + seconds(110); from += milliseconds(50)) {
    Duration busy{};
    for (const auto& [began, cost] : ran) {
      const TimePoint begin = std::max(began, from);
      const TimePoint end = std::min(began + cost, from + seconds(10));
      if (end > begin) busy += end - begin;
    }
    most = std::max(most, std::chrono::duration<double>(busy).count() / 10);
  }
  EXPECT_LE(most, 0.2);
  EXPECT_GE(most, 0.17) << "and the share is used";
}

TEST(DatabaseBudget, TheWholeShareLetsNothingWait) {
  DatabaseBudget budget({1, 2});
  budget.Start(50000, kStart);
  budget.End(50000, 50000);
  EXPECT_LE(budget.ready_at(), kStart);
}

TEST(DatabaseBudget, ASlowDatabaseHasLessToGiveAndAFastOneAllAgain) {
  DatabaseBudget budget({0.2, 1});
  TimePoint now = kStart;
  budget.Probed(milliseconds(1), now);
  EXPECT_DOUBLE_EQ(budget.share(), 0.2);
  double last = budget.share();
  for (int i = 0; i < 20; ++i) {
    budget.Probed(milliseconds(50), now += milliseconds(200));
    EXPECT_TRUE(budget.congested());
    EXPECT_LE(budget.share(), last);
    last = budget.share();
  }
  EXPECT_DOUBLE_EQ(last, 0.2 / 16);
  budget.Probed(std::nullopt, now);
  EXPECT_TRUE(budget.congested()) << "no answer is a slow one";
  for (int i = 0; i < 30; ++i) budget.Probed(milliseconds(1), now += milliseconds(200));
  EXPECT_FALSE(budget.congested());
  EXPECT_DOUBLE_EQ(budget.share(), 0.2);
}

TEST(DatabaseBudget, WhatAFastDatabaseTakesIsNoCongestion) {
  DatabaseBudget budget({0.2, 1});
  budget.Probed(microseconds(100), kStart);
  budget.Probed(microseconds(2500), kStart + milliseconds(200));
  EXPECT_FALSE(budget.congested()) << "a scheduler's pause explains it";
}

TEST(DatabaseBudget, TheFastestIsOfLate) {
  DatabaseBudget budget({0.2, 1});
  budget.Probed(milliseconds(1), kStart);
  TimePoint now = kStart;
  for (int i = 0; i < 20; ++i) budget.Probed(milliseconds(20), now += std::chrono::minutes(1));
  EXPECT_FALSE(budget.congested()) << "a database that moved further away is no slow one for ever";
}

}  // namespace
}  // namespace kck
