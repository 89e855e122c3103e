// A database, as far as a cache can tell one from another: rows that transactions change, snapshots that see some of
// the transactions, and all that may go wrong between.
//
// A row's value is how often it has been changed. A write takes its transaction's number when it begins, then waits for
// the row, and holds it until new snapshots see the change; its commit may be acknowledged before that.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/stamp.h"
#include "simulation/sim_scheduler.h"
#include "simulation/story.h"

namespace kck {

using Row = int;

// A row as a snapshot has it.
struct RowState {
  std::uint64_t number = 0;  // how often it was changed
  bool exists = true;
};

class SimDatabase {
 public:
  // Without snapshots, as SQLite: readers see a commit before it is acknowledged, and there are no stamps.
  SimDatabase(std::string name, bool has_snapshots, SimScheduler& scheduler, Random& random, Story& story);

  const std::string& name() const { return name_; }
  bool has_snapshots() const { return has_snapshots_; }

  // What goes wrong now.
  bool reachable = true;
  std::uint64_t errors_percent = 0;
  bool hangs = true;  // some statements never end

  // A point in the history of the database, as a statement that began now would see it.
  Stamp Snapshot() const;
  RowState At(Row row, const Stamp& snapshot) const;
  RowState Now(Row row) const { return At(row, Snapshot()); }

  struct Commit {
    std::uint64_t transaction = 0;
    std::uint64_t number = 0;
  };
  // kOverloaded: nothing was written, for sure. kSourceError: nobody knows.
  using Written = std::function<void(Result<Commit>)>;

  // Changes the row, or deletes it, in a transaction of its own. `done` runs on `client`.
  void Write(Row row, bool deletes, SimProcess& client, Written done);

  // The client was killed: what has not committed yet is rolled back or has committed now. Nothing of it happens later.
  void EndTransactionsOf(const SimProcess& client);

 private:
  struct Transaction;
  using TransactionPtr = std::shared_ptr<Transaction>;
  struct Change {
    std::uint64_t transaction;
    RowState state;
  };

  void Begin(const TransactionPtr& transaction);
  void Lock(const TransactionPtr& transaction);
  void Finish(const TransactionPtr& transaction);
  void RollBack(const TransactionPtr& transaction);
  void Commits(const TransactionPtr& transaction);
  void End(const TransactionPtr& transaction);
  void Answer(const TransactionPtr& transaction, Duration wait, Result<Commit> result);
  std::string About(Row row) const;

  const std::string name_;
  const bool has_snapshots_;
  SimProcess server_;
  Random& random_;
  Story& story_;
  std::uint64_t next_transaction_ = 100;
  std::uint64_t completed_max_ = 99;
  std::set<std::uint64_t> in_progress_;
  std::map<Row, std::vector<Change>> changes_;
  std::map<Row, std::deque<TransactionPtr>> locks_;       // the first holds the row
  std::map<std::uint64_t, TransactionPtr> transactions_;  // under way, in the order that they came
  std::uint64_t last_order_ = 0;
};

}  // namespace kck
