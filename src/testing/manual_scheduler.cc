#include "testing/manual_scheduler.h"

namespace kck {

std::int64_t ManualScheduler::UnixMillis() const {
  constexpr std::int64_t kStartUnixMs = 1'700'000'000'000;
  return kStartUnixMs + std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count();
}

Scheduler::TimerId ManualScheduler::At(TimePoint when, std::function<void()> work) {
  timers_.emplace(std::pair(when, ++last_id_), std::move(work));
  return last_id_;
}

void ManualScheduler::Cancel(TimerId timer) {
  std::erase_if(timers_, [timer](const auto& item) { return item.first.second == timer; });
}

void ManualScheduler::RunReady() {
  while (true) {
    if (!work_.empty()) {
      auto work = std::move(work_.front());
      work_.pop_front();
      work();
    } else if (!timers_.empty() && timers_.begin()->first.first <= now_) {
      auto work = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      work();
    } else {
      return;
    }
  }
}

void ManualScheduler::Advance(Duration by) {
  const TimePoint until = now_ + by;
  RunReady();
  while (!timers_.empty() && timers_.begin()->first.first <= until) {
    now_ = std::max(now_, timers_.begin()->first.first);
    RunReady();
  }
  now_ = until;
  RunReady();
}

}  // namespace kck
