#include "http/rate_limiter.h"

#include <gtest/gtest.h>

#include <string>

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Rate kRate{.per_second = 2, .burst = 3};
const TimePoint kStart{seconds(1000)};

TEST(RateLimiter, LetsABurstThroughAndThenTheRate) {
  RateLimiter limiter;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.Take("ann", kRate, kStart), std::nullopt);
  EXPECT_EQ(limiter.Take("ann", kRate, kStart), milliseconds(500));
  EXPECT_EQ(limiter.Take("ann", kRate, kStart + milliseconds(400)), milliseconds(100));
  EXPECT_EQ(limiter.Take("ann", kRate, kStart + milliseconds(500)), std::nullopt);
  EXPECT_EQ(limiter.Take("ann", kRate, kStart + milliseconds(500)), milliseconds(500));
}

TEST(RateLimiter, CountsEachNameForItself) {
  RateLimiter limiter;
  for (int i = 0; i < 3; ++i) limiter.Take("ann", kRate, kStart);
  EXPECT_TRUE(limiter.Take("ann", kRate, kStart));
  EXPECT_FALSE(limiter.Take("bob", kRate, kStart));
}

TEST(RateLimiter, HasTheWholeBurstAgainAndNoMore) {
  RateLimiter limiter;
  for (int i = 0; i < 3; ++i) limiter.Take("ann", kRate, kStart);
  const TimePoint later = kStart + seconds(60);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limiter.Take("ann", kRate, later));
  EXPECT_TRUE(limiter.Take("ann", kRate, later));
}

TEST(RateLimiter, GivesBackWhatWasTaken) {
  RateLimiter limiter;
  for (int i = 0; i < 3; ++i) limiter.Take("ann", kRate, kStart);
  limiter.Give("ann", kRate);
  limiter.Give("nobody", kRate);
  EXPECT_FALSE(limiter.Take("ann", kRate, kStart));
  EXPECT_TRUE(limiter.Take("ann", kRate, kStart));
}

// The refusal costs nothing of what there will be.
TEST(RateLimiter, IsNotPutOffByThoseThatItRefuses) {
  RateLimiter limiter;
  for (int i = 0; i < 3; ++i) limiter.Take("ann", kRate, kStart);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(limiter.Take("ann", kRate, kStart));
  EXPECT_FALSE(limiter.Take("ann", kRate, kStart + milliseconds(500)));
}

TEST(RateLimiter, RemembersWhoHasNoMoreWhileManyOthersCome) {
  RateLimiter limiter;
  for (int i = 0; i < 3; ++i) limiter.Take("ann", {.per_second = 0.001, .burst = 3}, kStart);
  for (std::size_t i = 0; i < 2 * RateLimiter::kNamesMax; ++i) {
    // Each has its whole burst again before the next fills the room.
    limiter.Take("name " + std::to_string(i), {.per_second = 1e6, .burst = 1}, kStart + milliseconds(i));
  }
  EXPECT_TRUE(limiter.Take("ann", {.per_second = 0.001, .burst = 3}, kStart + seconds(400)));
}

}  // namespace
}  // namespace kck
