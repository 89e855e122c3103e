#include "store/rocksdb_files.h"

#include <filesystem>

#include "store/rocksdb_open.h"

namespace kck {

RocksDbFiles::RocksDbFiles(std::string path, const Scheduler& scheduler, const RocksDbLimits& limits)
    : path_(std::move(path)), scheduler_(scheduler), limits_(limits) {}

RocksDbFiles::~RocksDbFiles() = default;

Result<std::unique_ptr<RocksDbFiles>> RocksDbFiles::Open(const std::string& path, const Scheduler& scheduler,
                                                         const RocksDbLimits& limits) {
  std::unique_ptr<RocksDbFiles> files(new RocksDbFiles(path, scheduler, limits));
  auto database = OpenRocksDb(path, scheduler, limits);
  if (!database) return Failure(std::move(database.error()));
  files->database_ = *std::move(database);
  return files;
}

bool RocksDbFiles::HasRoom() const {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(path_, error);
  return error || space.available >= 2 * limits_.write_buffer_bytes;
}

Result<void> RocksDbFiles::Reopen() {
  {
    MutexLock lock(mutex_);
    reopening_ = true;
    while (users_ > 0) changed_.wait(mutex_);
  }
  database_ = nullptr;  // before the files are opened: it holds their lock
  Result<void> outcome;
  if (auto database = OpenRocksDb(path_, scheduler_, limits_)) {
    database_ = *std::move(database);
  } else {
    outcome = Failure(std::move(database.error()));
  }
  {
    MutexLock lock(mutex_);
    reopening_ = false;
  }
  changed_.notify_all();
  return outcome;
}

rocksdb::DB* RocksDbFiles::Enter() {
  MutexLock lock(mutex_);
  while (reopening_) changed_.wait(mutex_);
  ++users_;
  return database_.get();
}

void RocksDbFiles::Leave() {
  {
    MutexLock lock(mutex_);
    --users_;
  }
  changed_.notify_all();
}

}  // namespace kck
