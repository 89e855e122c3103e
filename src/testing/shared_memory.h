// A store that engines of one test share, each by a Store of its own, as processes share Cassandra. It keeps everything
// in memory, and can be away. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/scheduler.h"
#include "store/shared_store.h"

namespace kck {

class SharedMemory {
 public:
  explicit SharedMemory(Scheduler& scheduler) : scheduler_(scheduler) {}

  // What the process `name` sees of it. Not longer than this.
  std::unique_ptr<SharedStore> Open(const std::string& name);

  bool down = false;
  int reads = 0;   // of entries
  int writes = 0;  // of entries that were taken

 private:
  class View;
  struct Kept {
    SharedEntry entry;
    std::string writer;
  };

  Scheduler& scheduler_;
  std::map<std::pair<std::string, std::uint64_t>, Kept> entries_;      // by key and definition
  std::map<std::string, std::map<std::string, std::string>> records_;  // by process
  std::map<std::string, std::string> registers_;
  std::map<std::string, std::uint64_t> numbers_;
};

}  // namespace kck
