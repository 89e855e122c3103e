#include "base/log_limit.h"

#include <gtest/gtest.h>

namespace kck {
namespace {

using std::chrono::milliseconds;

TEST(LogLimit, LetsOneLineASecondThroughAndCountsTheRest) {
  LogLimit limit;
  const TimePoint start{};
  EXPECT_EQ(limit.Pass(start), 0U);
  EXPECT_EQ(limit.Pass(start + milliseconds(1)), std::nullopt);
  EXPECT_EQ(limit.Pass(start + milliseconds(999)), std::nullopt);
  EXPECT_EQ(limit.Pass(start + milliseconds(1000)), 2U);
  EXPECT_EQ(limit.Pass(start + milliseconds(2000)), 0U);
}

}  // namespace
}  // namespace kck
