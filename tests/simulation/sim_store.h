// A store whose disk survives what its processes do not.
//
// As RocksDB's: writes are taken in their order, some at a time, judged and committed as one group, synced where one of
// them needs it. Reads see what is committed, at some moment between the call and the answer: not what waits.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "simulation/random.h"
#include "simulation/sim_scheduler.h"
#include "simulation/story.h"
#include "store/store.h"

namespace kck {

struct SimEntryWrite {
  std::string key;
  EntryPtr entry;
  std::optional<PutCondition> condition;
};

struct SimRecordWrite {
  std::string name;
  std::optional<std::string> value;  // nothing: the record goes
};

using SimWrite = std::variant<SimEntryWrite, SimRecordWrite>;

class SimDisk {
 public:
  SimDisk(Random& random, Story& story) : random_(random), story_(story) {}

  // Entries are kept as bytes, as on a disk.
  struct Stored {
    std::uint64_t fingerprint = 0;
    std::string bytes;
  };
  struct Files {
    std::map<std::string, Stored, std::less<>> entries;
    std::map<std::string, std::string, std::less<>> records;
  };

  // Null where there is none, or its life is over.
  EntryPtr Find(const std::string& key, const Scheduler& scheduler) const;
  std::vector<std::pair<std::string, std::string>> FindRecords(const std::string& prefix) const;

  // Judges and commits one write after those before it; it is lost with the power unless a sync follows.
  Result<void> Commit(const SimWrite& write, const Scheduler& scheduler);
  void Sync();

  // Of what is not synced, the last may be gone.
  void LosePower();

  bool reads_fail = false;
  bool writes_fail = false;

 private:
  struct Change {
    bool is_entry = false;
    std::string name;
    std::optional<std::string> value;
    std::uint64_t fingerprint = 0;
  };

  static void Apply(Files& files, const Change& change);

  Random& random_;
  Story& story_;
  Files committed_;
  Files synced_;
  std::vector<Change> unsynced_;  // what makes the one of the other
};

// The store as one process has it open.
class SimStore : public Store {
 public:
  SimStore(SimDisk& disk, SimProcess& process, Random& random) : disk_(disk), process_(process), random_(random) {}

  void Get(std::string key, std::uint64_t fingerprint, GetCallback done) override;
  void Put(std::string key, EntryPtr entry, PutCallback done) override;
  void PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) override;
  void PutRecord(std::string name, std::string value, PutCallback done) override;
  void DeleteRecord(std::string name, PutCallback done) override;
  void GetRecords(std::string prefix, RecordsCallback done) override;
  void Close() override {}

  bool idle() const { return waiting_.empty() && !writing_; }

  // The process was killed: some of what waits has been committed by then.
  void Kill();

 private:
  struct Waiting {
    SimWrite write;
    PutCallback done;
  };
  using Answers = std::deque<std::pair<PutCallback, Result<void>>>;

  void Write(SimWrite write, PutCallback done);
  void WriteGroup();
  Answers Commit(std::size_t count);
  void Tell(const std::shared_ptr<Answers>& answers);

  SimDisk& disk_;
  SimProcess& process_;
  Random& random_;
  std::deque<Waiting> waiting_;
  bool writing_ = false;
};

}  // namespace kck
