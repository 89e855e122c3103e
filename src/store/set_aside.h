// Moving damaged files out of the way of new ones.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace kck {

// Moves RocksDB's files in `folder` into a new folder inside it, named after the time, and returns its path. Inside,
// since the folder itself may be a mount, or stand where this user may make nothing. Files that are not RocksDB's stay.
// KCKStoreError where they cannot be moved.
Result<std::string> SetAside(const std::string& folder, std::int64_t unix_ms);

}  // namespace kck
