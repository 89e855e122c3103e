// What is known of each database's history: who it is, its epoch, and how far its snapshots have come.
//
// Stamps and versions compare within one history only. It is another one when the system identifier or the timeline
// changed (failover), or when a fill saw fewer transactions than one that had completed before it began (a restore).
// Then the epoch rises: entries of older epochs are suspect, and fills that began in an older one are refused.
// Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/thread_annotations.h"
#include "primer/primer.h"
#include "store/store.h"

namespace kck {

class DatabaseHistory {
 public:
  // `first_epoch` is used where the store knows none.
  DatabaseHistory(std::string database, Store& store, std::uint32_t first_epoch);

  // From the store's record, before any fill.
  void Restore(std::string_view record);

  // 0 until the first fill with a snapshot.
  std::uint32_t epoch() const { return epoch_.load(std::memory_order_relaxed); }

  // The highest version number of the completed fills of this epoch.
  std::uint64_t number_max() const { return number_max_.load(std::memory_order_relaxed); }

  enum class Verdict {
    kAccepted,  // of the present epoch, which this fill may have raised
    kRefused,   // began in an older epoch: its snapshot may be of the older history; fill again
    kFromPast,  // a server of an older timeline answered
  };

  // Judges a fill with a stamp. `epoch_at_start` and `number_floor` were taken when it began: the epoch, and the
  // highest number of a fill of the key's database that had completed by then.
  Verdict Judge(const Primed& primed, std::uint32_t epoch_at_start, std::uint64_t number_floor);

  // The sub-counter of a new content at `number` of this epoch: at least `least`, and above all that were given at it.
  // What was forgotten since, as expired, must not lend its version to another content.
  std::uint32_t GiveSub(std::uint64_t number, std::uint32_t least);

  // An entry of an earlier process has this version.
  void Meet(const Version& version);

  // The epoch of a write that this server took, which begins a new one where the server is of another history. 0 where
  // it is of a past one: what it took is lost.
  std::uint32_t EpochOf(const DatabaseIdentity& identity);

  static constexpr std::string_view kRecordPrefix = "epoch/";

 private:
  bool IsPast(const DatabaseIdentity& identity) const KCK_REQUIRES(mutex_);
  void Raise(const DatabaseIdentity& identity) KCK_REQUIRES(mutex_);
  void StoreRecord() KCK_REQUIRES(mutex_);
  std::uint32_t RaiseSub(std::uint64_t number, std::uint32_t sub) KCK_REQUIRES(mutex_);

  const std::string database_;
  Store& store_;
  const std::uint32_t first_epoch_;
  Mutex mutex_;
  DatabaseIdentity identity_ KCK_GUARDED_BY(mutex_);
  std::atomic<std::uint32_t> epoch_{0};  // written under mutex_
  std::atomic<std::uint64_t> number_max_{0};
  // The store refused the record. Shared with its callback, which may outlive this.
  std::shared_ptr<std::atomic<bool>> unrecorded_ = std::make_shared<std::atomic<bool>>(false);
  std::atomic<std::uint64_t> sub_number_{0};  // the highest number at which one above 0 was given; written under mutex_
  std::uint32_t sub_max_ KCK_GUARDED_BY(mutex_) = 0;  // at that number
};

}  // namespace kck
