// Statements that wait for a thread that runs them: bounded, and none waits past its deadline.
//
// `Outcome` is what a statement brings: Rows of a fill, Written of a write.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/scheduler.h"
#include "base/thread_annotations.h"
#include "model/product.h"

namespace kck {

template <typename Outcome>
struct WaitingStatement {
  std::shared_ptr<const SqlStatement> statement;
  std::vector<ParamValue> params;
  TimePoint deadline;
  std::function<void(Result<Outcome>)> done;
};

// What those are answered whom the queue does not serve.
struct QueueRefusals {
  Error overloaded;  // there were too many when it came
  Error overdue;     // it waited until its deadline
};

inline constexpr std::size_t kStatementsWaitingMax = 10000;

// Any thread may push; the threads that run statements take, the most urgent first, of equals the one that came first.
// One more thread sits in AnswerOverdue, since all of them may be busy when a deadline passes, and since a refusal may
// not be answered inside the call that is refused.
template <typename Outcome>
class StatementQueue {
 public:
  using Waiting = WaitingStatement<Outcome>;

  explicit StatementQueue(QueueRefusals refusals, std::size_t waiting_max = kStatementsWaitingMax)
      : waiting_max_(waiting_max), refusals_(std::move(refusals)) {}

  void Push(Waiting one) KCK_EXCLUDES(mutex_) {
    bool wake_runner = false;
    bool wake_due = false;
    {
      MutexLock lock(mutex_);
      const TimePoint deadline = one.deadline;
      if (waiting_.size() >= waiting_max_) {
        refused_.push_back(std::move(one));
        wake_due = true;
      } else {
        waiting_.emplace(deadline, std::move(one));
        wake_runner = true;
        wake_due = deadline < next_look_;
      }
    }
    if (wake_runner) added_.notify_one();
    if (wake_due) due_.notify_one();
  }

  // Blocks; nothing once the queue is closed and empty.
  std::optional<Waiting> Take() KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (waiting_.empty() && !closed_) added_.wait(mutex_);
    if (waiting_.empty()) return std::nullopt;
    std::optional<Waiting> one(std::move(waiting_.begin()->second));
    waiting_.erase(waiting_.begin());
    return one;
  }

  // Answers what was refused or waits past its deadline, until the queue is closed.
  void AnswerOverdue() KCK_EXCLUDES(mutex_) {
    for (Due due = TakeDue(); !due.empty(); due = TakeDue()) {
      for (Waiting& one : due.refused) one.done(Failure(refusals_.overloaded));
      for (Waiting& one : due.overdue) one.done(Failure(refusals_.overdue));
    }
  }

  void Close() KCK_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    added_.notify_all();
    due_.notify_all();
  }

 private:
  struct Due {
    std::vector<Waiting> refused;
    std::vector<Waiting> overdue;

    bool empty() const { return refused.empty() && overdue.empty(); }
  };

  // Blocks until some are due; none once the queue is closed.
  Due TakeDue() KCK_EXCLUDES(mutex_) {
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

  Due CollectDue() KCK_REQUIRES(mutex_) {
    Due due;
    due.refused.swap(refused_);
    const auto still_in_time = waiting_.upper_bound(Clock::now());
    for (auto one = waiting_.begin(); one != still_in_time; ++one) due.overdue.push_back(std::move(one->second));
    waiting_.erase(waiting_.begin(), still_in_time);
    return due;
  }

  const std::size_t waiting_max_;
  const QueueRefusals refusals_;
  Mutex mutex_;
  std::condition_variable_any added_;
  std::condition_variable_any due_;
  std::multimap<TimePoint, Waiting> waiting_ KCK_GUARDED_BY(mutex_);  // by deadline
  std::vector<Waiting> refused_ KCK_GUARDED_BY(mutex_);
  // When AnswerOverdue looks next. A statement whose deadline is not before it need not wake it.
  TimePoint next_look_ KCK_GUARDED_BY(mutex_) = TimePoint::max();
  bool closed_ KCK_GUARDED_BY(mutex_) = false;
};

}  // namespace kck
