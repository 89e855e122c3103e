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

// Why the files do not open.
struct OpenRefusal {
  Error error;         // names the folder and the cure
  std::string damage;  // what is wrong with the files themselves; empty: nothing
};

// The files give up entries past their life as they are compacted; `scheduler` tells the time for that.
tl::expected<std::unique_ptr<rocksdb::DB>, OpenRefusal> OpenRocksDb(const std::string& path, const Scheduler& scheduler,
                                                                    const RocksDbLimits& limits);

inline std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace kck
