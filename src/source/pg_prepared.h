// The prepared statements of one connection.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "source/pg_statement.h"

namespace kck {

// Bounded: the one that was used longest ago makes room. Names are never used twice, since a statement that is no
// longer known here may still be known to PostgreSQL.
class PgPrepared {
 public:
  // The name to execute, where the statement is prepared.
  std::optional<std::string> Find(std::uint64_t statement_id);

  // A new name, to PREPARE under. `evicted` is set to one to DEALLOCATE, if any.
  std::string Add(std::uint64_t statement_id, std::optional<std::string>& evicted);

  // Forgets the statement, unless it goes by another name by now.
  void Remove(std::uint64_t statement_id, const std::string& name);

  void Clear();

 private:
  struct Statement {
    std::string name;
    std::list<std::uint64_t>::iterator use;
  };

  std::unordered_map<std::uint64_t, Statement> statements_;
  std::list<std::uint64_t> uses_;  // ids, the latest first
  std::uint64_t last_number_ = 0;
};

}  // namespace kck
