// Opening the files: RocksDB with the options that KCK wants, and its errors as a person can use them.
#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/scheduler.h"
#include "store/open.h"

namespace kck {

// The files give up entries past their life as they are compacted; `scheduler` tells the time for that.
Result<std::unique_ptr<rocksdb::DB>> OpenRocksDb(const std::string& path, const Scheduler& scheduler,
                                                 const RocksDbLimits& limits);

inline std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace kck
