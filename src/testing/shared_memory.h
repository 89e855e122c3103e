// A store that engines of one test share, each by a Store of its own, as processes share Cassandra. It keeps everything
// in memory, and can be away, or do to requests what a network and replicas do to them. One thread.
#pragma once

#include <fmt/format.h>

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
    Duration answer_late{};    // the answer comes so much after that
  };

  // A process that opens it.
  struct Opening {
    std::string node;                // whose records it has
    std::string process;             // entries of all others are foreign
    Scheduler* scheduler = nullptr;  // runs its callbacks; null: the one that carries out the requests does, at once
  };

  explicit SharedMemory(Scheduler& scheduler) : scheduler_(scheduler) {}

  // What a process sees of it. Not longer than this. With it go the callbacks that have not run; the requests do not.
  std::unique_ptr<SharedStore> Open(const Opening& opening);
  // That of a node which is never started again.
  std::unique_ptr<SharedStore> Open(const std::string& name) { return Open({name, name}); }

  bool down = false;
  std::function<Fault()> next_fault;  // asked for each request; empty: none has one
  int reads = 0;                      // of entries
  int writes = 0;                     // of entries that were taken
  // Hears what becomes of a key or a record, for a story. Empty: nobody does.
  std::function<void(const std::string& name, const std::string& what)> told;

 private:
  class View;
  struct Kept {
    SharedEntry entry;
    std::string writer;
  };
  // The latest write wins, as it was sent: requests bear times.
  struct Record {
    std::uint64_t number = 0;
    std::optional<std::string> value;  // nothing: it was deleted
  };

  SharedEntry Find(const std::string& key, std::uint64_t fingerprint, std::size_t lag,
                   const std::string& process) const;
  Result<void> Take(const std::string& key, const SharedEntry& entry, const std::optional<PutCondition>& condition,
                    const std::string& process);
  void ForgetOthers(const std::string& key, const Entry& entry);
  void ForgetSeen(const std::string& key, const SharedEntry& put);
  std::uint64_t Mark(const std::string& key, const std::optional<MarkedTransaction>& transaction);
  void Write(const std::string& node, const std::string& name, Record record);
  template <typename... Args>
  void Tell(const std::string& name, fmt::format_string<Args...> format, Args&&... args) const {
    if (told) told(name, fmt::format(format, std::forward<Args>(args)...));
  }

  Scheduler& scheduler_;
  // By key and definition: what was kept, the newest last.
  std::map<std::pair<std::string, std::uint64_t>, std::vector<Kept>> entries_;
  std::map<std::string, KeyMarks> marks_;                         // by key
  std::map<std::string, std::map<std::string, Record>> records_;  // by node
  std::uint64_t last_record_ = 0;
  std::map<std::string, std::string> registers_;
  std::map<std::string, std::uint64_t> numbers_;
};

}  // namespace kck
