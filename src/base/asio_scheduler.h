// The real Scheduler: work and timers on a Boost.Asio io_context.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <unordered_map>

#include "base/scheduler.h"
#include "base/thread_annotations.h"

namespace kck {

// Work runs on the threads of `executor`'s context, several at once where it has several. The context outlives this.
class AsioScheduler : public Scheduler {
 public:
  explicit AsioScheduler(boost::asio::any_io_executor executor);
  ~AsioScheduler() override;

  TimePoint Now() const override;
  std::int64_t UnixMillis() const override;
  void Post(std::function<void()> work) override;
  TimerId At(TimePoint when, std::function<void()> work) override;
  void Cancel(TimerId timer) override;

 private:
  struct Timers;

  boost::asio::any_io_executor executor_;
  std::shared_ptr<Timers> timers_;  // shared with the handlers that are still queued
};

}  // namespace kck
