// A store that engines of one test share, each by a Store of its own, as processes share Cassandra. It keeps everything
// in memory, and can be away, or do to requests what a network and replicas do to them. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/scheduler.h"
#include "store/shared_store.h"

namespace kck {

class SharedMemory {
 public:
  // What becomes of a request. Registers are neither repeated nor read late: Cassandra keeps to that for them.
  struct Fault {
    Duration late{};           // it is carried out so much later, after others that came after it
    bool lost = false;         // it is not carried out, and fails
    bool answer_lost = false;  // it is carried out, and fails all the same
    Duration again_after{};    // a write is carried out once more so much later; zero: it is not
    std::size_t lag = 0;       // a read of an entry finds what was there so many writes ago
  };

  explicit SharedMemory(Scheduler& scheduler) : scheduler_(scheduler) {}

  // What the process `name` sees of it. Not longer than this.
  std::unique_ptr<SharedStore> Open(const std::string& name);

  bool down = false;
  std::function<Fault()> next_fault;  // asked for each request; empty: none has one
  int reads = 0;                      // of entries
  int writes = 0;                     // of entries that were taken

 private:
  class View;
  struct Kept {
    SharedEntry entry;
    std::string writer;
  };

  Scheduler& scheduler_;
  // By key and definition: what was kept, the newest last.
  std::map<std::pair<std::string, std::uint64_t>, std::vector<Kept>> entries_;
  std::map<std::string, KeyMarks> marks_;                              // by key
  std::map<std::string, std::map<std::string, std::string>> records_;  // by process
  std::map<std::string, std::string> registers_;
  std::map<std::string, std::uint64_t> numbers_;
};

}  // namespace kck
