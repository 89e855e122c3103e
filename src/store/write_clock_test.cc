#include "store/write_clock.h"

#include <gtest/gtest.h>

#include "testing/manual_scheduler.h"

namespace kck {
namespace {

using std::chrono::hours;

TEST(WriteClock, IsTheWallClockAndNeverGivesATimeTwice) {
  ManualScheduler scheduler;
  WriteClock clock(scheduler);
  const std::int64_t now_us = scheduler.UnixMillis() * 1000;
  EXPECT_EQ(clock.Next(), now_us);
  EXPECT_EQ(clock.Next(), now_us + 1);
  scheduler.Advance(hours(1));
  EXPECT_EQ(clock.Next(), scheduler.UnixMillis() * 1000);
}

TEST(WriteClock, IsAfterWhatWasSeenUnlessThatIsMadeUp) {
  ManualScheduler scheduler;
  WriteClock clock(scheduler);
  const std::int64_t now_us = scheduler.UnixMillis() * 1000;
  const std::int64_t day_us = std::int64_t{24} * 3600 * 1000 * 1000;
  clock.Raise(now_us + 2 * day_us);
  EXPECT_EQ(clock.Next(), now_us);
  clock.Raise(now_us + day_us / 2);
  EXPECT_EQ(clock.Next(), now_us + day_us / 2 + 1);
  clock.Raise(now_us);
  EXPECT_EQ(clock.Next(), now_us + day_us / 2 + 2);
}

}  // namespace
}  // namespace kck
