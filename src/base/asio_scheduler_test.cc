#include "base/asio_scheduler.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

namespace kck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class AsioSchedulerTest : public testing::Test {
 protected:
  std::function<void()> Adds(const char* letter) {
    return [this, letter] { ran_ += letter; };
  }

  // Until no work and no timer is left.
  void RunAll() {
    context_.restart();
    context_.run();
  }

  void RunUntil(const std::string& ran) {
    context_.restart();
    while (ran_ != ran) context_.run_one();
  }

  boost::asio::io_context context_;
  AsioScheduler scheduler_{context_.get_executor()};
  TimePoint soon_ = scheduler_.Now() + milliseconds(1);
  std::string ran_;
};

TEST_F(AsioSchedulerTest, TimersRunInTheOrderOfTheirTimesAndThoseOfOneTimeAsTheyWereSet) {
  scheduler_.At(soon_ + milliseconds(1), Adds("b"));
  scheduler_.At(soon_ + milliseconds(1), Adds("c"));
  scheduler_.At(soon_, Adds("a"));
  scheduler_.At(soon_ + milliseconds(2), Adds("d"));
  RunAll();
  EXPECT_EQ(ran_, "abcd");
}

TEST_F(AsioSchedulerTest, WhatWorkContinuesWithRunsAfterItAndNotWithin) {
  scheduler_.Continue([this] {
    ran_ += "a";
    scheduler_.Continue(Adds("c"));
    ran_ += "b";
  });
  EXPECT_EQ(ran_, "");
  RunAll();
  EXPECT_EQ(ran_, "abc");
}

TEST_F(AsioSchedulerTest, ATimerThatIsSetForAnEarlierTimeIsNotLate) {
  scheduler_.At(soon_ + hours(1), Adds("b"));
  scheduler_.At(soon_, Adds("a"));
  RunUntil("a");
  EXPECT_EQ(ran_, "a");
  EXPECT_LT(scheduler_.Now(), soon_ + hours(1));
}

TEST_F(AsioSchedulerTest, ACancelledTimerDoesNotRunAndLetsGoOfWhatItHoldsAtOnce) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> still_held = held;
  const auto timer = scheduler_.At(soon_, [this, held = std::move(held)] { ran_ += "a"; });
  scheduler_.At(soon_ + milliseconds(1), Adds("b"));
  scheduler_.Cancel(timer);
  EXPECT_TRUE(still_held.expired());
  RunAll();
  EXPECT_EQ(ran_, "b");
}

TEST_F(AsioSchedulerTest, TimersAreSetAndCancelledByTimers) {
  const auto later = scheduler_.At(soon_ + milliseconds(5), Adds("c"));
  scheduler_.At(soon_, [this, later] {
    ran_ += "a";
    scheduler_.Cancel(later);
    scheduler_.Cancel(later);  // unknown by now
    scheduler_.At(soon_, Adds("b"));
  });
  RunUntil("ab");
  RunAll();
  EXPECT_EQ(ran_, "ab");
}

TEST_F(AsioSchedulerTest, TimersOfASchedulerThatIsGoneDoNotRun) {
  {
    AsioScheduler gone(context_.get_executor());
    gone.At(soon_, Adds("a"));
  }
  RunAll();
  EXPECT_EQ(ran_, "");
}

}  // namespace
}  // namespace kck
