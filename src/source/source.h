// A source: a database that products are computed from.
//
// The only folder that sees libpq or SQLite. Sources run on threads of their own, so that a large result never holds up
// a network thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/scheduler.h"
#include "base/trace.h"
#include "model/product.h"
#include "model/stamp.h"

namespace kck {

// Which database answered. A change of either part means another history: its stamps do not compare with older ones.
struct DatabaseIdentity {
  std::uint64_t system_identifier = 0;
  std::uint32_t timeline = 0;

  bool operator==(const DatabaseIdentity&) const = default;
};

// What one statement brought.
struct Rows {
  std::string json;  // a JSON list of the statement's shape: lists or objects
  std::uint64_t row_count = 0;
  StampPtr stamp;             // null: the source has no snapshots
  DatabaseIdentity identity;  // zero: the source has none
  // What it took of the database's time, from its turn on its connection to its last row. Of keys that one statement
  // brought, each has a share, and the shares add up.
  std::uint32_t cost_us = 0;
  std::uint32_t statement_keys = 1;  // that the statement brought
};

// What a statement looks like to the database, for `kck check`.
struct Description {
  std::vector<std::string> columns;
  std::string filled_singly;  // of a product in PostgreSQL: why its keys are not filled together; empty where they are
  // Why it cannot run under its role and settings, in which case the rest is not known; empty where it can.
  std::string run_as_refused = {};
};

// What a source has done since it was opened, and what it knows of its statements. A source without batches leaves
// those parts at 0.
struct SourceStats {
  std::uint64_t statements = 0;         // handed to a connection, batches included
  std::uint64_t behind_statements = 0;  // of these, for FillBehind
  std::uint64_t batches = 0;            // of these, for several keys
  std::uint64_t batch_keys = 0;         // in all batches together
  std::uint64_t filled_singly = 0;      // statements with parameters that get no batches, of those that were filled
};

// A database as `kck check` asks it about a statement.
class Describer {
 public:
  virtual ~Describer() = default;

  // Has the database parse and plan `statement` without running it. Blocks; for start-up and `kck check`.
  // The error's message is the database's own; it begins with "line L column C: " of the author's text where the
  // database names a place.
  virtual Result<Description> Describe(const SqlStatement& statement) = 0;

  // True once the database could be reached, and while it can be. Describe brings it up to date. Any thread.
  virtual bool Reachable() const = 0;

  virtual SqlDialect dialect() const = 0;
};

class Source : public Describer {
 public:
  using FillCallback = std::function<void(Result<Rows>)>;

  // Runs `statement` with `params` (one a type in statement->types), READ ONLY. Calls `done` exactly once, on any
  // thread but never inside this call, at `deadline` at the latest (KCKSourceTimeout). KCKOverloaded where the source's
  // bounded queue is full. Any thread.
  virtual void Fill(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
                    FillCallback done) = 0;

  // One of the fills of FillBehind, or that of FillTraced.
  struct FillRequest {
    std::vector<ParamValue> params;
    FillCallback done;
    TracePtr trace = nullptr;
  };

  // Fill, for a request that is traced. Where the database shows who asks, it shows a sampled trace while it works.
  virtual void FillTraced(std::shared_ptr<const SqlStatement> statement, FillRequest fill, TimePoint deadline) {
    Fill(std::move(statement), std::move(fill.params), deadline, std::move(fill.done));
  }

  // Fills that nobody waits for, of one statement: behind those of Fill, and together where the source can. Each `done`
  // as in Fill.
  virtual void FillBehind(std::shared_ptr<const SqlStatement> statement, std::vector<FillRequest> fills,
                          TimePoint deadline) {
    for (FillRequest& fill : fills) Fill(statement, std::move(fill.params), deadline, std::move(fill.done));
  }

  // Any thread.
  virtual SourceStats stats() const { return {}; }
};

}  // namespace kck
