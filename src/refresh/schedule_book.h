// The keys that are refreshed by time: when each is due, and how long nobody has read it.
//
// A key enters when its entry comes into memory, and stays while it is read: one that nobody reads for some periods
// leaves, and enters again by its next fill. Not thread-safe: its owner's lock covers it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/scheduler.h"
#include "base/text_map.h"
#include "model/catalog.h"

namespace kck {

class ScheduleBook {
 public:
  explicit ScheduleBook(std::size_t keys_max) : keys_max_(keys_max) {}

  enum class Entered { kNew, kKnown, kFull };

  // The key is due at `due`, in place of whatever was known.
  Entered Set(const ResolvedKey& key, TimePoint due);

  // The keys that are due, which wait for their next Set from now on.
  std::vector<ResolvedKey> TakeDue(TimePoint now);

  // Notes whether the key was read in the period that ended. False: it has left, after `unread_max` periods unread.
  bool Note(std::string_view key, bool read, int unread_max);
  void Remove(std::string_view key);

  // When the next key is due; nothing: none is.
  std::optional<TimePoint> next() const;
  // Of one key; nothing where it is not in the book, or waits for its fill.
  std::optional<TimePoint> DueOf(std::string_view key) const;
  bool Holds(std::string_view key) const { return keys_.contains(key); }
  std::size_t size() const { return keys_.size(); }

 private:
  struct Scheduled {
    ResolvedKey key;
    std::optional<TimePoint> due;
    int unread = 0;
  };

  void Unlist(const Scheduled& scheduled);

  const std::size_t keys_max_;
  TextMap<Scheduled> keys_;
  std::multimap<TimePoint, const Scheduled*> by_due_;
};

}  // namespace kck
