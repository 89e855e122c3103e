// Noticing that a user's folder has changed.
#pragma once

#include <cstdint>

#include "model/settings.h"

namespace kck {

// A number that stays as long as kck.yml, the files of the folders of products, updaters and processes, and the keys of
// tokens stay as they are: their names, sizes, times and places on the disk. Looked at instead of the system's
// notifications, which network and container file systems do not give. Some tens of microseconds; any thread.
std::uint64_t FolderState(const Settings& settings);

}  // namespace kck
