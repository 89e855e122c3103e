#include "base/asio_scheduler.h"

#include <boost/asio/post.hpp>

namespace kck {

struct AsioScheduler::Timers {
  Mutex mutex;
  TimerId last_id KCK_GUARDED_BY(mutex) = 0;
  std::unordered_map<TimerId, std::unique_ptr<boost::asio::steady_timer>> active KCK_GUARDED_BY(mutex);

  // True where the timer was still there.
  bool Take(TimerId id) KCK_EXCLUDES(mutex) {
    std::unique_ptr<boost::asio::steady_timer> taken;
    MutexLock lock(mutex);
    auto found = active.find(id);
    if (found == active.end()) return false;
    taken = std::move(found->second);
    active.erase(found);
    return true;
  }
};

AsioScheduler::AsioScheduler(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)), timers_(std::make_shared<Timers>()) {}

AsioScheduler::~AsioScheduler() {
  MutexLock lock(timers_->mutex);
  timers_->active.clear();
}

TimePoint AsioScheduler::Now() const { return Clock::now(); }

std::int64_t AsioScheduler::UnixMillis() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void AsioScheduler::Post(std::function<void()> work) { boost::asio::post(executor_, std::move(work)); }

Scheduler::TimerId AsioScheduler::At(TimePoint when, std::function<void()> work) {
  MutexLock lock(timers_->mutex);
  const TimerId id = ++timers_->last_id;
  auto timer = std::make_unique<boost::asio::steady_timer>(executor_, when);
  timer->async_wait([timers = timers_, id, work = std::move(work)](const boost::system::error_code&) {
    if (timers->Take(id)) work();
  });
  timers_->active.emplace(id, std::move(timer));
  return id;
}

void AsioScheduler::Cancel(TimerId timer) { timers_->Take(timer); }

}  // namespace kck
