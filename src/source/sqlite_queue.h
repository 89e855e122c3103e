// Fills that wait for a reader thread: bounded, and none waits past its deadline.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/thread_annotations.h"
#include "source/source.h"

namespace kck {

struct WaitingFill {
  std::shared_ptr<const SqlStatement> statement;
  std::vector<ParamValue> params;
  TimePoint deadline;
  Source::FillCallback done;
};

// Any thread may push; readers take, the most urgent fill first. One more thread sits in AnswerOverdue, since every
// reader may be busy when a deadline passes, and since a refusal may not be answered inside the call that is refused.
class SqliteQueue {
 public:
  // Refuses, by `overloaded`, what is past `fills_max`.
  SqliteQueue(std::size_t fills_max, Error overloaded, Error overdue);

  void Push(WaitingFill fill) KCK_EXCLUDES(mutex_);

  // Blocks; nothing once the queue is closed and empty.
  std::optional<WaitingFill> Take() KCK_EXCLUDES(mutex_);

  // Answers what was refused or waits past its deadline, until the queue is closed.
  void AnswerOverdue() KCK_EXCLUDES(mutex_);

  void Close() KCK_EXCLUDES(mutex_);

 private:
  struct Due {
    std::vector<WaitingFill> refused;
    std::vector<WaitingFill> overdue;

    bool empty() const { return refused.empty() && overdue.empty(); }
  };

  // Blocks until some are due; none once the queue is closed.
  Due TakeDue() KCK_EXCLUDES(mutex_);
  Due CollectDue() KCK_REQUIRES(mutex_);

  const std::size_t fills_max_;
  const Error overloaded_;
  const Error overdue_;
  Mutex mutex_;
  std::condition_variable_any added_;
  std::condition_variable_any due_;
  std::multimap<TimePoint, WaitingFill> waiting_ KCK_GUARDED_BY(mutex_);  // by deadline
  std::vector<WaitingFill> refused_ KCK_GUARDED_BY(mutex_);
  // When AnswerOverdue looks next. A fill whose deadline is not before it need not wake it.
  TimePoint next_look_ KCK_GUARDED_BY(mutex_) = TimePoint::max();
  bool closed_ KCK_GUARDED_BY(mutex_) = false;
};

}  // namespace kck
