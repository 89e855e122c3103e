// The one thread that writes to RocksDB. It takes all writes that wait, judges each against what is kept, commits them
// as one batch, synced where one of them needs it, and then runs their callbacks.
#pragma once

#include <optional>
#include <string>
#include <thread>
#include <variant>

#include "base/log_limit.h"
#include "base/scheduler.h"
#include "store/bounded_queue.h"
#include "store/damage_log.h"
#include "store/open.h"
#include "store/rocksdb_files.h"

namespace kck {

struct EntryWrite {
  std::string key;
  EntryPtr entry;
  std::optional<PutCondition> condition;
};

struct RecordWrite {
  std::string name;
  std::optional<std::string> value;  // nothing: the record goes
};

struct StoreWrite {
  std::variant<EntryWrite, RecordWrite> what;
  Store::PutCallback done;
};

// The files, the scheduler and the log outlive it. Nobody else writes to the files.
class RocksDbWriter {
 public:
  RocksDbWriter(RocksDbFiles& files, const Scheduler& scheduler, DamageLog& damage, const RocksDbLimits& limits);
  ~RocksDbWriter() { Close(); }
  RocksDbWriter(const RocksDbWriter&) = delete;
  RocksDbWriter& operator=(const RocksDbWriter&) = delete;

  // Takes the write, or says why not and leaves it to the caller. Any thread.
  Result<void> Add(StoreWrite& write);

  // Finishes all that was taken. For one thread.
  void Close();

 private:
  void Run();
  std::vector<Result<void>> Commit(const std::vector<StoreWrite>& writes);
  bool MayWrite();
  void NoteFailure(std::string_view why);

  RocksDbFiles& files_;
  const Scheduler& scheduler_;
  DamageLog& damage_;
  LogLimit failure_log_{kFaultQuiet};
  bool failed_ = false;     // the files must be opened again before the next write
  bool damaged_ = false;    // and set aside before that
  TimePoint next_attempt_;  // to do so
  BoundedQueue<StoreWrite> queue_;
  std::thread thread_;
};

}  // namespace kck
