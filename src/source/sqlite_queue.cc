#include "source/sqlite_queue.h"

namespace kck {

SqliteQueue::SqliteQueue(std::size_t fills_max, Error overloaded, Error overdue)
    : fills_max_(fills_max), overloaded_(std::move(overloaded)), overdue_(std::move(overdue)) {}

void SqliteQueue::Push(WaitingFill fill) {
  bool wake_reader = false;
  bool wake_due = false;
  {
    MutexLock lock(mutex_);
    const TimePoint deadline = fill.deadline;
    if (waiting_.size() >= fills_max_) {
      refused_.push_back(std::move(fill));
      wake_due = true;
    } else {
      waiting_.emplace(deadline, std::move(fill));
      wake_reader = true;
      wake_due = deadline < next_look_;
    }
  }
  if (wake_reader) added_.notify_one();
  if (wake_due) due_.notify_one();
}

std::optional<WaitingFill> SqliteQueue::Take() {
  MutexLock lock(mutex_);
  while (waiting_.empty() && !closed_) added_.wait(mutex_);
  if (waiting_.empty()) return std::nullopt;
  std::optional<WaitingFill> fill(std::move(waiting_.begin()->second));
  waiting_.erase(waiting_.begin());
  return fill;
}

void SqliteQueue::AnswerOverdue() {
  for (Due due = TakeDue(); !due.empty(); due = TakeDue()) {
    for (WaitingFill& fill : due.refused) fill.done(Failure(overloaded_));
    for (WaitingFill& fill : due.overdue) fill.done(Failure(overdue_));
  }
}

SqliteQueue::Due SqliteQueue::TakeDue() {
  MutexLock lock(mutex_);
  while (true) {
    Due due = CollectDue();
    if (!due.empty() || closed_) return due;
    next_look_ = waiting_.empty() ? TimePoint::max() : waiting_.begin()->first;
    if (waiting_.empty()) {
      due_.wait(mutex_);
    } else {
      due_.wait_until(mutex_, next_look_);
    }
  }
}

SqliteQueue::Due SqliteQueue::CollectDue() {
  Due due;
  due.refused.swap(refused_);
  const auto still_in_time = waiting_.upper_bound(Clock::now());
  for (auto fill = waiting_.begin(); fill != still_in_time; ++fill) due.overdue.push_back(std::move(fill->second));
  waiting_.erase(waiting_.begin(), still_in_time);
  return due;
}

void SqliteQueue::Close() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  added_.notify_all();
  due_.notify_all();
}

}  // namespace kck
