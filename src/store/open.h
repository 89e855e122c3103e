// Opening a store, by what kck.yml says.
#pragma once

#include <memory>
#include <string>

#include "base/scheduler.h"
#include "store/store.h"

namespace kck {

// Entries kept in this process's memory alone. The scheduler gives the time, and runs the callbacks.
std::unique_ptr<Store> OpenMemoryStore(Scheduler& scheduler);

// RocksDB in the folder `path`, made where absent. One process at a time. Reads and writes run on threads of its own;
// writes that wait together are committed together, with one sync.
Result<std::unique_ptr<Store>> OpenRocksDbStore(const std::string& path, Scheduler& scheduler);

}  // namespace kck
