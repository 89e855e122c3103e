// A Scheduler that runs work on one thread of its own, on real clocks that a test may move ahead.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "base/asio_scheduler.h"

namespace kck {

// The destructor runs what was posted, and forgets timers.
class ThreadScheduler : public Scheduler {
 public:
  ThreadScheduler();
  ~ThreadScheduler() override;

  TimePoint Now() const override { return inner_.Now() + lead(); }
  std::int64_t UnixMillis() const override;
  void Post(std::function<void()> work) override { inner_.Post(std::move(work)); }
  // Timers that are set already stay at their real time when the clocks are moved.
  TimerId At(TimePoint when, std::function<void()> work) override { return inner_.At(when - lead(), std::move(work)); }
  void Cancel(TimerId timer) override { inner_.Cancel(timer); }

  // Moves both clocks on. Any thread.
  void Advance(Duration by) { lead_ += by.count(); }

 private:
  Duration lead() const { return Duration(lead_); }

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  AsioScheduler inner_;
  std::atomic<Duration::rep> lead_{0};
  std::thread thread_;
};

}  // namespace kck
