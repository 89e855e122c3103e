#include "store/rocksdb_files.h"

#include <filesystem>

#include "base/log.h"
#include "store/rocksdb_open.h"
#include "store/set_aside.h"

namespace kck {

RocksDbFiles::RocksDbFiles(std::string path, const Scheduler& scheduler, const RocksDbLimits& limits)
    : path_(std::move(path)), scheduler_(scheduler), limits_(limits) {}

RocksDbFiles::~RocksDbFiles() = default;

Result<std::unique_ptr<RocksDbFiles>> RocksDbFiles::Open(const std::string& path, const Scheduler& scheduler,
                                                         const RocksDbLimits& limits) {
  std::unique_ptr<RocksDbFiles> files(new RocksDbFiles(path, scheduler, limits));
  if (Result<void> opened = files->OpenFiles(); !opened) return Failure(std::move(opened.error()));
  return files;
}

Result<void> RocksDbFiles::OpenFiles() {
  auto database = OpenRocksDb(path_, scheduler_, limits_);
  if (!database && !database.error().damage.empty()) {
    if (Result<void> replaced = Replace(database.error().damage); !replaced) return replaced;
    database = OpenRocksDb(path_, scheduler_, limits_);
  }
  if (!database) return Failure(std::move(database.error().error));
  database_ = *std::move(database);
  return {};
}

// All go, not only what is known to be damaged: what is left could hold an older entry of a key whose newer one is
// lost.
Result<void> RocksDbFiles::Replace(std::string_view why) {
  Result<std::string> folder = SetAside(path_, scheduler_.UnixMillis());
  if (!folder) return Failure(std::move(folder.error()));
  ++set_aside_;
  LogError(
      "the store in {} is damaged ({}). Its files are now in {}, and the service goes on with an empty store: computed "
      "values come back from their sources, values put by `set` do not. Check the disk",
      path_, why, *folder);
  return {};
}

bool RocksDbFiles::HasRoom() const {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(path_, error);
  return error || space.available >= 2 * limits_.write_buffer_bytes;
}

Result<void> RocksDbFiles::Reopen(bool damaged) {
  {
    MutexLock lock(mutex_);
    reopening_ = true;
    while (users_ > 0) changed_.wait(mutex_);
  }
  database_ = nullptr;  // before the files are opened: it holds their lock
  Result<void> outcome;
  if (damaged) outcome = Replace("a write met damage");
  if (outcome) outcome = OpenFiles();
  {
    MutexLock lock(mutex_);
    reopening_ = false;
  }
  changed_.notify_all();
  return outcome;
}

rocksdb::DB* RocksDbFiles::Enter(Reopening reopening) {
  MutexLock lock(mutex_);
  if (reopening_ && reopening == Reopening::kSkip) return nullptr;
  while (reopening_) changed_.wait(mutex_);
  if (database_) ++users_;
  return database_.get();
}

void RocksDbFiles::Leave() {
  MutexLock lock(mutex_);
  if (--users_ == 0 && reopening_) changed_.notify_all();
}

}  // namespace kck
