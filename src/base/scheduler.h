// Time and later, as everything in KCK sees them: nothing below apps/ reads a clock or starts a timer by itself.
//
// The real one (base/asio_scheduler.h) runs on worker threads; the one in testing/ runs all work in one thread, in an
// order that a test or a seed decides. That is what lets a race be replayed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace kck {

// Monotonic, inside this process only. Never stored, never sent.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

class Scheduler {
 public:
  using TimerId = std::uint64_t;

  virtual ~Scheduler() = default;

  virtual TimePoint Now() const = 0;

  // Wall-clock milliseconds since 1970. For display and for lifetimes in the store; never for ordering two entries.
  virtual std::int64_t UnixMillis() const = 0;

  // Runs `work` soon, never inside this call. Any thread.
  virtual void Post(std::function<void()> work) = 0;

  // As Post, for the last thing that the caller does: where it runs such work itself, its thread goes on with it, and
  // no other one is woken.
  virtual void Continue(std::function<void()> work) { Post(std::move(work)); }

  // Runs `work` at or after `when`, once, unless cancelled. Any thread.
  virtual TimerId At(TimePoint when, std::function<void()> work) = 0;

  // Forgets a timer. One that has fired or is unknown is ignored; one that is firing may still run.
  virtual void Cancel(TimerId timer) = 0;
};

}  // namespace kck
