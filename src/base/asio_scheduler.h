// The real Scheduler: work and timers on an executor of Boost.Asio.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "base/scheduler.h"

namespace kck {

// Work runs on the threads of `executor`'s context, several at once where it has several. The context outlives this.
class AsioScheduler : public Scheduler {
 public:
  explicit AsioScheduler(boost::asio::any_io_executor executor);
  ~AsioScheduler() override;

  TimePoint Now() const override;
  std::int64_t UnixMillis() const override;
  void Post(std::function<void()> work) override;
  void Continue(std::function<void()> work) override;
  TimerId At(TimePoint when, std::function<void()> work) override;
  void Cancel(TimerId timer) override;

 private:
  class Timers;

  boost::asio::any_io_executor executor_;
  std::shared_ptr<Timers> timers_;  // shared with the handlers that are still queued
};

}  // namespace kck
