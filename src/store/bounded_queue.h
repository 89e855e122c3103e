// A queue between threads with two bounds, on items and on bytes: at either it refuses, and never waits for room.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/thread_annotations.h"

namespace kck {

enum class Pushed { kTaken, kFull, kClosed };

// Any thread may push and take. Taking blocks; after Close it empties the queue and then brings nothing.
template <typename Item>
class BoundedQueue {
 public:
  BoundedQueue(std::size_t items_max, std::size_t bytes_max) : items_max_(items_max), bytes_max_(bytes_max) {}

  // Moves from `item` where it is taken. An item of more bytes than the bound is taken by an empty queue.
  Pushed Push(Item& item, std::size_t bytes) KCK_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (closed_) return Pushed::kClosed;
      if (items_.size() >= items_max_ || (!items_.empty() && bytes_ + bytes > bytes_max_)) return Pushed::kFull;
      items_.emplace_back(std::move(item), bytes);
      bytes_ += bytes;
    }
    changed_.notify_one();
    return Pushed::kTaken;
  }

  // The oldest item; nothing once the queue is closed and empty.
  std::optional<Item> Take() KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    AwaitChange();
    if (items_.empty()) return std::nullopt;
    std::optional<Item> item(std::move(items_.front().first));
    bytes_ -= items_.front().second;
    items_.pop_front();
    return item;
  }

  // All that wait, oldest first; none once the queue is closed and empty.
  std::vector<Item> TakeAll() KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    AwaitChange();
    std::vector<Item> items;
    items.reserve(items_.size());
    for (auto& [item, bytes] : items_) items.push_back(std::move(item));
    items_.clear();
    bytes_ = 0;
    return items;
  }

  bool closed() KCK_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return closed_;
  }

  void Close() KCK_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }

 private:
  void AwaitChange() KCK_REQUIRES(mutex_) {
    while (items_.empty() && !closed_) changed_.wait(mutex_);
  }

  const std::size_t items_max_;
  const std::size_t bytes_max_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::pair<Item, std::size_t>> items_ KCK_GUARDED_BY(mutex_);
  std::size_t bytes_ KCK_GUARDED_BY(mutex_) = 0;
  bool closed_ KCK_GUARDED_BY(mutex_) = false;
};

}  // namespace kck
