// Statements that wait for a thread that runs them: bounded, and none waits past its deadline.
//
// `Outcome` is what a statement brings: Rows of a fill, Written of a write.
#pragma once

#include <algorithm>
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
  bool behind = false;  // PushBehind
};

// What those are answered whom the queue does not serve.
struct QueueRefusals {
  Error overloaded;  // there were too many when it came
  Error overdue;     // it waited until its deadline
};

inline constexpr std::size_t kStatementsWaitingMax = 10000;

// Any thread may push; the threads that run statements take, the most urgent first, of equals the one that came first.
// Statements that nobody waits for come behind all others, have a bound of their own, and only some threads take them.
// One more thread sits in AnswerOverdue, since all of them may be busy when a deadline passes, and since a refusal may
// not be answered inside the call that is refused.
template <typename Outcome>
class StatementQueue {
 public:
  using Waiting = WaitingStatement<Outcome>;

  explicit StatementQueue(QueueRefusals refusals, std::size_t waiting_max = kStatementsWaitingMax)
      : waiting_max_(waiting_max), refusals_(std::move(refusals)) {}

  void Push(Waiting one) KCK_EXCLUDES(mutex_) {
    bool wake_due = false;
    {
      MutexLock lock(mutex_);
      wake_due = Add(waiting_, std::move(one));
    }
    added_.notify_one();
    if (wake_due) due_.notify_one();
  }

  void PushBehind(std::vector<Waiting> many) KCK_EXCLUDES(mutex_) {
    bool wake_due = false;
    {
      MutexLock lock(mutex_);
      for (Waiting& one : many) {
        one.behind = true;
        wake_due = Add(behind_, std::move(one)) || wake_due;
      }
    }
    // One alone may be a thread that does not take them.
    added_.notify_all();
    if (wake_due) due_.notify_one();
  }

  // Blocks; nothing once the queue is closed and empty. `behind_too`: also what nobody waits for; at least one of the
  // threads has to.
  std::optional<Waiting> Take(bool behind_too = true) KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (true) {
      Statements& from = waiting_.empty() && behind_too ? behind_ : waiting_;
      if (!from.empty()) {
        std::optional<Waiting> one(std::move(from.begin()->second));
        from.erase(from.begin());
        return one;
      }
      if (closed_) return std::nullopt;
      added_.wait(mutex_);
    }
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
  using Statements = std::multimap<TimePoint, Waiting>;  // by deadline

  struct Due {
    std::vector<Waiting> refused;
    std::vector<Waiting> overdue;

    bool empty() const { return refused.empty() && overdue.empty(); }
  };

  // True where AnswerOverdue has to look at it.
  bool Add(Statements& to, Waiting one) KCK_REQUIRES(mutex_) {
    const TimePoint deadline = one.deadline;
    if (to.size() >= waiting_max_) {
      refused_.push_back(std::move(one));
      return true;
    }
    to.emplace(deadline, std::move(one));
    return deadline < next_look_;
  }

  // Blocks until some are due; none once the queue is closed.
  Due TakeDue() KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (true) {
      Due due = CollectDue();
      if (!due.empty() || closed_) return due;
      next_look_ = std::min(EarliestOf(waiting_), EarliestOf(behind_));
      if (next_look_ == TimePoint::max()) {
        due_.wait(mutex_);
      } else {
        due_.wait_until(mutex_, next_look_);
      }
    }
  }

  Due CollectDue() KCK_REQUIRES(mutex_) {
    Due due;
    due.refused.swap(refused_);
    for (Statements* statements : {&waiting_, &behind_}) {
      const auto still_in_time = statements->upper_bound(Clock::now());
      for (auto one = statements->begin(); one != still_in_time; ++one) due.overdue.push_back(std::move(one->second));
      statements->erase(statements->begin(), still_in_time);
    }
    return due;
  }

  static TimePoint EarliestOf(const Statements& statements) {
    return statements.empty() ? TimePoint::max() : statements.begin()->first;
  }

  const std::size_t waiting_max_;
  const QueueRefusals refusals_;
  Mutex mutex_;
  std::condition_variable_any added_;
  std::condition_variable_any due_;
  Statements waiting_ KCK_GUARDED_BY(mutex_);
  Statements behind_ KCK_GUARDED_BY(mutex_);
  std::vector<Waiting> refused_ KCK_GUARDED_BY(mutex_);
  // When AnswerOverdue looks next. A statement whose deadline is not before it need not wake it.
  TimePoint next_look_ KCK_GUARDED_BY(mutex_) = TimePoint::max();
  bool closed_ KCK_GUARDED_BY(mutex_) = false;
};

}  // namespace kck
