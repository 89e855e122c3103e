#include "simulation/sim_scheduler.h"

#include <utility>

namespace kck {
namespace {

constexpr std::uint64_t kHeldUpOneIn = 60;
constexpr auto kStepMax = std::chrono::microseconds(20);

}  // namespace

bool SimScheduler::Step() {
  RipenTimers();
  if (ready_.empty()) {
    if (timers_.empty()) return false;
    now_ = timers_.begin()->first.first;
    RipenTimers();
  }
  ++steps_;
  std::swap(ready_[random_.Below(ready_.size())], ready_.back());
  Work work = std::move(ready_.back());
  ready_.pop_back();
  if (random_.OneIn(kHeldUpOneIn)) {
    AddTimer(now_ + random_.Between(Duration::zero(), kHeldUpMax), std::move(work));
    return true;
  }
  now_ += random_.Between(Duration::zero(), kStepMax);
  work.run();
  return true;
}

void SimScheduler::RipenTimers() {
  while (!timers_.empty() && timers_.begin()->first.first <= now_) {
    auto timer = timers_.extract(timers_.begin());
    timer_times_.erase(timer.key().second);
    ready_.push_back(std::move(timer.mapped()));
  }
}

Scheduler::TimerId SimScheduler::AddTimer(TimePoint when, Work work) {
  timers_.emplace(std::pair(when, ++last_timer_), std::move(work));
  timer_times_.emplace(last_timer_, when);
  return last_timer_;
}

void SimScheduler::Cancel(Scheduler::TimerId timer) {
  const auto found = timer_times_.find(timer);
  if (found == timer_times_.end()) return;
  const auto dropped = timers_.extract({found->second, timer});
  timer_times_.erase(found);
}

// What the work holds may ask for more when it goes, so it goes last.
void SimScheduler::Drop(const SimProcess* process) {
  std::vector<Work> dropped;
  std::vector<Work> kept;
  for (Work& work : ready_) (work.process == process ? dropped : kept).push_back(std::move(work));
  ready_ = std::move(kept);
  for (auto timer = timers_.begin(); timer != timers_.end();) {
    const auto here = timer++;
    if (here->second.process != process) continue;
    dropped.push_back(std::move(here->second));
    timer_times_.erase(here->first.second);
    timers_.erase(here);
  }
}

std::int64_t SimScheduler::UnixMillis() const {
  return kStartUnixMs + std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count();
}

void SimProcess::Post(std::function<void()> work) {
  if (alive_) scheduler_.ready_.push_back({this, std::move(work)});
}

Scheduler::TimerId SimProcess::At(TimePoint when, std::function<void()> work) {
  return alive_ ? scheduler_.AddTimer(when, {this, std::move(work)}) : 0;
}

void SimProcess::Kill() {
  alive_ = false;
  scheduler_.Drop(this);
}

}  // namespace kck
