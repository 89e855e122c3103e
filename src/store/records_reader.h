// Reading records at a start, also of a store that may be away.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/scheduler.h"
#include "store/store.h"

namespace kck {

struct RecordsReading {
  std::string prefix;
  // Of a store that processes share: while it cannot be read, it is tried again as long as `wanted` says so, which is
  // asked on the scheduler's threads. `away` is called once where that takes longer than `patience`.
  Duration patience{};
  std::function<bool()> wanted;
  std::function<void()> away;  // set
  // Once: with the records, or with the error of a store that is this process's alone. `late`: after `away`.
  std::function<void(Result<std::vector<std::pair<std::string, std::string>>> records, bool late)> done;
};

// Store and scheduler outlive the callbacks.
void ReadRecords(Store& store, Scheduler& scheduler, RecordsReading reading);

}  // namespace kck
