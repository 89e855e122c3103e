// What is known of each database's history: who it is, its epoch, and how far its snapshots have come.
//
// Stamps and versions compare within one history only. It is another one when the system identifier or the timeline
// changed (failover), or when a fill saw fewer transactions than one that had completed before it began (a restore).
// Then the epoch rises: entries of older epochs are suspect, and fills that began in an older one are refused.
// Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_annotations.h"
#include "primer/primer.h"
#include "store/store.h"

namespace kck {

class DatabaseHistory : public std::enable_shared_from_this<DatabaseHistory> {
 public:
  // `first_epoch` is used where the store knows none. Held by shared pointer where processes share the store.
  DatabaseHistory(std::string database, Store& store, std::uint32_t first_epoch);

  // From the store's record, before any fill.
  void Restore(std::string_view record);

  // Where processes share the store, its register holds the epoch, and is asked by Learn. False: it has not said it
  // yet; fills are then of epoch 0, below all others.
  bool known() const { return known_.load(std::memory_order_acquire); }

  // Asks the register. `then` runs, not inside the call, once it has answered, or cannot. Where it has none yet, and
  // `identity` is that of a server that has answered, the first epoch begins with it.
  void Learn(std::optional<DatabaseIdentity> identity, std::function<void()> then) KCK_EXCLUDES(mutex_);

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

  // An entry of another process has this version.
  void Meet(const Version& version);

  // The epoch of a write that this server took, which begins a new one where the server is of another history. 0 where
  // it is of a past one: what it took is lost.
  std::uint32_t EpochOf(const DatabaseIdentity& identity);

  static constexpr std::string_view kRecordPrefix = "epoch/";

 private:
  struct Record {
    std::uint32_t epoch = 0;
    DatabaseIdentity identity;

    static std::optional<Record> Parse(std::string_view text);
    std::string Text() const;
  };

  void Adopt(const Record& record) KCK_REQUIRES(mutex_);
  // Holds what the register has against what this process knows. True where the latter is the newer.
  bool Compare(const std::optional<Record>& held) KCK_REQUIRES(mutex_);
  void OnLearned(const Result<std::optional<std::string>>& held) KCK_EXCLUDES(mutex_);
  // Makes `identity` the first that the register holds; what it holds then is learned.
  void BeFirst(const DatabaseIdentity& identity) KCK_EXCLUDES(mutex_);
  void StoreShared() KCK_REQUIRES(mutex_);
  std::string RecordName() const { return std::string(kRecordPrefix) + database_; }
  // `other` is of a timeline that ended before that of `now`.
  static bool IsPast(const DatabaseIdentity& now, const DatabaseIdentity& other);
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
  std::atomic<bool> known_;
  std::string held_ KCK_GUARDED_BY(mutex_);                             // by the register, as far as is known
  std::vector<std::function<void()>> learners_ KCK_GUARDED_BY(mutex_);  // not empty: the register is being asked
  std::optional<DatabaseIdentity> met_ KCK_GUARDED_BY(mutex_);          // by one who learns, while nothing is known
  // The store refused the record. Shared with its callback, which may outlive this.
  std::shared_ptr<std::atomic<bool>> unrecorded_ = std::make_shared<std::atomic<bool>>(false);
  std::atomic<std::uint64_t> sub_number_{0};  // the highest number at which one above 0 was given; written under mutex_
  std::uint32_t sub_max_ KCK_GUARDED_BY(mutex_) = 0;  // at that number
};

}  // namespace kck
