// The open files of the store, which the writer may close and open again while readers read.
//
// After a write has failed, RocksDB must not be written to any more: its log file is in an unknown state, and Debian's
// build ends the process by an assertion when that log is used again. So the writer opens the files anew, which reads
// the log up to the last whole record.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/scheduler.h"
#include "base/thread_annotations.h"
#include "store/open.h"

namespace rocksdb {
class DB;
}

namespace kck {

class RocksDbFiles {
 public:
  // Opens the files; damaged ones are set aside, and new ones take their place. The scheduler outlives them.
  static Result<std::unique_ptr<RocksDbFiles>> Open(const std::string& path, const Scheduler& scheduler,
                                                    const RocksDbLimits& limits);

  ~RocksDbFiles();
  RocksDbFiles(const RocksDbFiles&) = delete;
  RocksDbFiles& operator=(const RocksDbFiles&) = delete;

  // What to do while the files are being opened again.
  enum class Reopening { kWait, kSkip };

  // Keeps the files open while it lives.
  class Use {
   public:
    explicit Use(RocksDbFiles& files, Reopening reopening = Reopening::kWait)
        : files_(files), database_(files.Enter(reopening)) {}
    ~Use() {
      if (database_ != nullptr) files_.Leave();
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

    // Null where they could not be opened again, or are being opened and that was to be skipped.
    rocksdb::DB* database() const { return database_; }

   private:
    RocksDbFiles& files_;
    rocksdb::DB* database_;
  };

  // True where the disk has the room that opening and writing need, as far as one can tell.
  bool HasRoom() const;

  // Waits until nobody uses the files, closes them and opens them; setting them aside first where the caller knows that
  // they are `damaged`. Where that fails, they stay closed. One thread, which holds no Use.
  Result<void> Reopen(bool damaged) KCK_EXCLUDES(mutex_);

  // How often files were set aside. Any thread.
  std::uint64_t set_aside() const { return set_aside_; }

  const std::string& path() const { return path_; }

 private:
  RocksDbFiles(std::string path, const Scheduler& scheduler, const RocksDbLimits& limits);

  Result<void> OpenFiles();
  Result<void> Replace(std::string_view why);

  rocksdb::DB* Enter(Reopening reopening) KCK_EXCLUDES(mutex_);
  void Leave() KCK_EXCLUDES(mutex_);

  const std::string path_;
  const Scheduler& scheduler_;
  const RocksDbLimits limits_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  int users_ KCK_GUARDED_BY(mutex_) = 0;
  bool reopening_ KCK_GUARDED_BY(mutex_) = false;
  std::atomic<std::uint64_t> set_aside_{0};
  std::unique_ptr<rocksdb::DB> database_;  // changed only while reopening_ and without users
};

}  // namespace kck
