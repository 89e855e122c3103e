// Time and later, in one thread, by a seed: the next piece of work is any of those that are ready, as if each stood on
// a thread of its own, and now and then one is held up. Time moves a little with each step, and to the next timer when
// nothing is ready.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/scheduler.h"
#include "simulation/random.h"

namespace kck {

class SimProcess;

class SimScheduler {
 public:
  static constexpr std::int64_t kStartUnixMs = 1'700'000'000'000;
  static constexpr auto kHeldUpMax = std::chrono::milliseconds(20);

  explicit SimScheduler(Random& random) : random_(random) {}

  // Runs one piece of work. False: there is none, now or later.
  bool Step();

  TimePoint Now() const { return now_; }
  std::int64_t UnixMillis() const;
  std::uint64_t steps() const { return steps_; }

 private:
  friend class SimProcess;

  struct Work {
    SimProcess* process;
    std::function<void()> run;
  };
  using Timers = std::map<std::pair<TimePoint, Scheduler::TimerId>, Work>;

  Scheduler::TimerId AddTimer(TimePoint when, Work work);
  void Cancel(Scheduler::TimerId timer);
  void Drop(const SimProcess* process);
  void RipenTimers();

  Random& random_;
  TimePoint now_ = TimePoint{} + std::chrono::hours(1000);
  std::uint64_t steps_ = 0;
  std::vector<Work> ready_;
  Timers timers_;
  std::unordered_map<Scheduler::TimerId, TimePoint> timer_times_;
  Scheduler::TimerId last_timer_ = 0;
};

// The scheduler as one process has it. A process that is killed leaves its work undone: all of it, at once.
class SimProcess : public Scheduler {
 public:
  explicit SimProcess(SimScheduler& scheduler) : scheduler_(scheduler) {}

  TimePoint Now() const override { return scheduler_.Now(); }
  std::int64_t UnixMillis() const override { return scheduler_.UnixMillis(); }
  void Post(std::function<void()> work) override;
  TimerId At(TimePoint when, std::function<void()> work) override;
  void Cancel(TimerId timer) override { scheduler_.Cancel(timer); }

  void After(Duration wait, std::function<void()> work) { At(Now() + wait, std::move(work)); }

  // Drops its work, and takes none from now on.
  void Kill();

 private:
  SimScheduler& scheduler_;
  bool alive_ = true;
};

}  // namespace kck
