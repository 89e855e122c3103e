#include "base/asio_scheduler.h"

#include <boost/asio/defer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/thread_annotations.h"

namespace kck {

// All timers wait as one of Boost.Asio, that of the earliest. Most are deadlines, which are cancelled long before their
// time: that is a matter of this object then, where a timer of Boost.Asio each would wake a thread to be told.
class AsioScheduler::Timers : public std::enable_shared_from_this<Timers> {
 public:
  explicit Timers(const boost::asio::any_io_executor& executor) : executor_(executor), alarm_(executor) {}

  TimerId Add(TimePoint when, std::function<void()> work) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const TimerId id = ++last_id_;
    when_of_.emplace(id, due_.emplace(when, Due{id, std::move(work)}));
    if (when < alarm_at_) SetAlarm(when);
    return id;
  }

  void Cancel(TimerId id) KCK_EXCLUDES(mutex_) {
    Due forgotten;  // destroyed without the lock: what it holds may call back
    MutexLock lock(mutex_);
    const auto found = when_of_.find(id);
    if (found == when_of_.end()) return;
    forgotten = std::move(found->second->second);
    due_.erase(found->second);
    when_of_.erase(found);
  }

  void Forget() KCK_EXCLUDES(mutex_) {
    std::multimap<TimePoint, Due> forgotten;
    MutexLock lock(mutex_);
    forgotten.swap(due_);
    when_of_.clear();
    alarm_.cancel();
  }

 private:
  struct Due {
    TimerId id = 0;
    std::function<void()> work;
  };

  void SetAlarm(TimePoint when) KCK_REQUIRES(mutex_) {
    alarm_at_ = when;
    alarm_.expires_at(when);
    alarm_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->OnAlarm();
    });
  }

  void OnAlarm() KCK_EXCLUDES(mutex_) {
    std::vector<std::function<void()>> now_due = TakeDue();
    for (std::function<void()>& work : now_due) boost::asio::post(executor_, std::move(work));
  }

  std::vector<std::function<void()>> TakeDue() KCK_EXCLUDES(mutex_) {
    std::vector<std::function<void()>> taken;
    MutexLock lock(mutex_);
    const auto end = due_.upper_bound(Clock::now());
    for (auto at = due_.begin(); at != end; at = due_.erase(at)) {
      when_of_.erase(at->second.id);
      taken.push_back(std::move(at->second.work));
    }
    alarm_at_ = TimePoint::max();
    if (!due_.empty()) SetAlarm(due_.begin()->first);
    return taken;
  }

  const boost::asio::any_io_executor executor_;
  Mutex mutex_;
  boost::asio::steady_timer alarm_ KCK_GUARDED_BY(mutex_);
  TimePoint alarm_at_ KCK_GUARDED_BY(mutex_) = TimePoint::max();
  TimerId last_id_ KCK_GUARDED_BY(mutex_) = 0;
  std::multimap<TimePoint, Due> due_ KCK_GUARDED_BY(mutex_);
  std::unordered_map<TimerId, std::multimap<TimePoint, Due>::iterator> when_of_ KCK_GUARDED_BY(mutex_);
};

AsioScheduler::AsioScheduler(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)), timers_(std::make_shared<Timers>(executor_)) {}

AsioScheduler::~AsioScheduler() { timers_->Forget(); }

TimePoint AsioScheduler::Now() const { return Clock::now(); }

std::int64_t AsioScheduler::UnixMillis() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void AsioScheduler::Post(std::function<void()> work) { boost::asio::post(executor_, std::move(work)); }

void AsioScheduler::Continue(std::function<void()> work) { boost::asio::defer(executor_, std::move(work)); }

Scheduler::TimerId AsioScheduler::At(TimePoint when, std::function<void()> work) {
  return timers_->Add(when, std::move(work));
}

void AsioScheduler::Cancel(TimerId timer) { timers_->Cancel(timer); }

}  // namespace kck
