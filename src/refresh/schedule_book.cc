#include "refresh/schedule_book.h"

#include <algorithm>

namespace kck {

ScheduleBook::Entered ScheduleBook::Set(const ResolvedKey& key, TimePoint due) {
  auto found = keys_.find(key.text);
  const bool known = found != keys_.end();
  if (!known) {
    if (keys_.size() >= keys_max_) return Entered::kFull;
    found = keys_.emplace(key.text, Scheduled{}).first;
  }
  Scheduled& scheduled = found->second;
  Unlist(scheduled);
  scheduled.key = key;
  scheduled.due = due;
  by_due_.emplace(due, &scheduled);
  return known ? Entered::kKnown : Entered::kNew;
}

void ScheduleBook::Unlist(const Scheduled& scheduled) {
  if (!scheduled.due) return;
  const auto [from, to] = by_due_.equal_range(*scheduled.due);
  by_due_.erase(std::find_if(from, to, [&scheduled](const auto& item) { return item.second == &scheduled; }));
}

std::vector<ResolvedKey> ScheduleBook::TakeDue(TimePoint now) {
  std::vector<ResolvedKey> due;
  while (!by_due_.empty() && by_due_.begin()->first <= now) {
    const auto found = keys_.find(by_due_.begin()->second->key.text);
    by_due_.erase(by_due_.begin());
    found->second.due.reset();
    due.push_back(found->second.key);
  }
  return due;
}

bool ScheduleBook::Note(std::string_view key, bool read, int unread_max) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return false;
  Scheduled& scheduled = found->second;
  scheduled.unread = read ? 0 : scheduled.unread + 1;
  if (scheduled.unread <= unread_max) return true;
  Remove(key);
  return false;
}

void ScheduleBook::Remove(std::string_view key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  Unlist(found->second);
  keys_.erase(found);
}

std::optional<TimePoint> ScheduleBook::next() const {
  return by_due_.empty() ? std::nullopt : std::optional(by_due_.begin()->first);
}

std::optional<TimePoint> ScheduleBook::DueOf(std::string_view key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? std::nullopt : found->second.due;
}

}  // namespace kck
