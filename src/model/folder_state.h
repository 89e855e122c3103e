// Noticing that a user's folder has changed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/settings.h"

namespace kck {

// Text that stays as long as a file does: its size, time and place on the disk, behind links. Empty: there is none.
std::string FileState(const std::string& path);

// A number that stays as long as kck.yml, the files of the folders of products, updaters and processes, and the keys of
// tokens, and `modules`, stay as they are: their names, sizes, times and places on the disk. Looked at instead of the
// system's notifications, which network and container file systems do not give. Some tens of microseconds; any thread.
std::uint64_t FolderState(const Settings& settings, const std::vector<std::string>& modules = {});

}  // namespace kck
