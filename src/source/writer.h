// The writing side of a database: what updaters write through.
//
// Writers run on threads and connections of their own, apart from the fills of the same database's Source.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/scheduler.h"
#include "model/product.h"
#include "source/source.h"
#include "source/statement_queue.h"

namespace kck {

// What one committed write brought.
struct Written {
  std::uint64_t rows = 0;            // inserted, changed or deleted
  std::string returning = "[]";      // the rows that the statement returned, a JSON list of its shape
  std::vector<std::string> columns;  // of those rows
  // The transaction, by which a stamp says whether it saw the write; 0: it changed nothing. Nothing where the source
  // has no snapshots.
  std::optional<std::uint64_t> transaction;
  DatabaseIdentity identity;  // zero: the source has none
};

class Writer : public Describer {
 public:
  using WriteCallback = std::function<void(Result<Written>)>;

  // Runs `statement` with `params` (one a type in statement->types) in a transaction of its own, and answers once that
  // is committed. Calls `done` exactly once, on any thread but never inside this call, at `deadline` or some
  // seconds later where it has to connect first. Any thread.
  //
  // After a failure nothing was written, and the message says so where that could be doubted; but where the connection
  // or the time was lost while the commit was under way, the message says that the outcome is unknown. A statement that
  // may have run is never sent again. KCKBadRequest: the values break a constraint, or do not fit. KCKOverloaded: the
  // bounded queue is full.
  virtual void Write(std::shared_ptr<const SqlStatement> statement, std::vector<ParamValue> params, TimePoint deadline,
                     WriteCallback done) = 0;
};

// What a writer's queue refuses writes by.
QueueRefusals WriteRefusals(const std::string& database);

}  // namespace kck
