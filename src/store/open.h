// Opening a store, by what kck.yml says.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/scheduler.h"
#include "model/store_settings.h"
#include "store/store.h"

namespace kck {

// Entries kept in this process's memory alone, within `bytes_max`: at the bound the computed entries that were written
// longest ago go first, since they can be computed again; what was set or purged stays, and where nothing else is left,
// further entries of that sort are refused with KCKOverloaded. The scheduler gives the time, and runs the callbacks;
// these hold nothing of the store, so Close does not wait for them.
std::unique_ptr<Store> OpenMemoryStore(Scheduler& scheduler, std::size_t bytes_max = std::size_t{512} << 20U);

struct RocksDbLimits {
  std::size_t block_cache_bytes = std::size_t{12} << 20U;
  std::size_t write_buffer_bytes = std::size_t{8} << 20U;  // each of up to two
  std::size_t writes_waiting_max = 16384;
  std::size_t write_bytes_waiting_max = std::size_t{64} << 20U;
  std::size_t reads_waiting_max = 16384;
};

// RocksDB in the folder `path`, made where absent. One process at a time. Reads and writes run on threads of its own;
// writes that wait together are committed together, with one sync. The error names the folder and the cure.
Result<std::unique_ptr<Store>> OpenRocksDbStore(const std::string& path, Scheduler& scheduler,
                                                const RocksDbLimits& limits = {});

// What kck.yml says, for the node of that id. `memory_bytes` bounds a store in memory.
Result<std::unique_ptr<Store>> OpenStore(const StoreSettings& settings, const std::string& node_id,
                                         std::size_t memory_bytes, Scheduler& scheduler);

// Makes the tables of a store that nodes share; CheckStore tells whether they are there, and of this version. Nothing
// to do for the others. Both block.
Result<void> SetUpStore(const StoreSettings& settings, const std::string& node_id, Scheduler& scheduler);
Result<void> CheckStore(const StoreSettings& settings, const std::string& node_id, Scheduler& scheduler);

}  // namespace kck
