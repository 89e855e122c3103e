// A Scheduler whose time stands still until a test moves it, and whose work runs only when the test says so, in one
// thread, in the order posted.
#pragma once

#include <deque>
#include <map>

#include "base/scheduler.h"

namespace kck {

class ManualScheduler : public Scheduler {
 public:
  TimePoint Now() const override { return now_; }
  std::int64_t UnixMillis() const override;
  void Post(std::function<void()> work) override { work_.push_back(std::move(work)); }
  TimerId At(TimePoint when, std::function<void()> work) override;
  void Cancel(TimerId timer) override;

  // Runs all work that is due, and what that posts.
  void RunReady();

  // Moves time on, running timers in their order.
  void Advance(Duration by);

 private:
  TimePoint now_ = TimePoint{} + std::chrono::hours(1000);
  std::deque<std::function<void()>> work_;
  TimerId last_id_ = 0;
  std::map<std::pair<TimePoint, TimerId>, std::function<void()>> timers_;
};

}  // namespace kck
