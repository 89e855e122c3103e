#include "process/ticks.h"

#include <gmock/gmock.h>

namespace kck {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kMinute = 60000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kMidnight = 19700 * kDay;  // 9 December 2023

Schedule Every(minutes every) {
  Schedule schedule;
  schedule.every = every;
  return schedule;
}

Schedule At(std::string_view cron) {
  Schedule schedule;
  schedule.cron = Cron::Parse(cron, "UTC").value();
  return schedule;
}

TEST(Ticks, ATickIsTheSameWhateverTheJitter) {
  for (const double random : {0.0, 0.3, 1.0}) {
    const auto every = NextTick(Every(minutes(10)), kMidnight, random);
    EXPECT_EQ(every->at, kMidnight + 10 * kMinute);
    EXPECT_NEAR(static_cast<double>(every->begins - every->at), 0, static_cast<double>(kMinute));
    const auto cron = NextTick(At("30 * * * *"), kMidnight, random);
    EXPECT_EQ(cron->at, kMidnight + 30 * kMinute);
    EXPECT_GE(cron->begins, cron->at);
    EXPECT_LE(cron->begins, cron->at + kMinute);
  }
  EXPECT_FALSE(NextTick(At("0 0 30 2 *"), kMidnight, 0));
}

TEST(Ticks, BetweenTwoMoments) {
  const Schedule every = Every(minutes(10));
  EXPECT_THAT(TicksBetween(every, kMidnight, kMidnight + 10 * kMinute - 1, 5).at, IsEmpty());
  EXPECT_THAT(TicksBetween(every, kMidnight, kMidnight + 25 * kMinute, 5).at,
              ElementsAre(kMidnight + 10 * kMinute, kMidnight + 20 * kMinute));
  EXPECT_THAT(TicksBetween(every, kMidnight, kMidnight - kHour, 5).at, IsEmpty());
  const Schedule cron = At("0 * * * *");
  EXPECT_THAT(TicksBetween(cron, kMidnight, kMidnight + kHour - 1, 5).at, IsEmpty());
  EXPECT_THAT(TicksBetween(cron, kMidnight, kMidnight + 2 * kHour, 5).at,
              ElementsAre(kMidnight + kHour, kMidnight + 2 * kHour));
  EXPECT_THAT(TicksBetween(At("0 0 30 2 *"), kMidnight, kMidnight + kDay, 5).at, IsEmpty());
}

TEST(Ticks, TheLastOfMany) {
  for (const Schedule& schedule : {Every(minutes(1)), At("* * * * *"), At("0-10 3,4 * * *"), At("59 23 * * *")}) {
    const std::int64_t until = kMidnight + 400 * kDay;
    const Ticks last = TicksBetween(schedule, kMidnight, until, 3);
    ASSERT_EQ(last.at.size(), 3U);
    EXPECT_TRUE(last.more);
    EXPECT_GT(last.at.front(), until - 3 * kDay);
    EXPECT_TRUE(std::ranges::is_sorted(last.at));
    const auto behind = NextTick(schedule, last.at.back(), schedule.every ? 0.5 : 0);
    EXPECT_GT(behind->at, until);
    EXPECT_EQ(TicksBetween(schedule, kMidnight, until, 1).at, std::vector(1, last.at.back()));
  }
  const Ticks all = TicksBetween(At("0 0 * * *"), kMidnight, kMidnight + 3 * kDay, 3);
  EXPECT_EQ(all.at.size(), 3U);
  EXPECT_FALSE(all.more);
}

}  // namespace
}  // namespace kck
