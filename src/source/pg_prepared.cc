#include "source/pg_prepared.h"

#include <fmt/format.h>

namespace kck {
namespace {

constexpr std::size_t kStatementsMax = 1000;

}  // namespace

std::optional<std::string> PgPrepared::Find(std::uint64_t statement_id) {
  const auto found = statements_.find(statement_id);
  if (found == statements_.end()) return std::nullopt;
  uses_.splice(uses_.begin(), uses_, found->second.use);
  return found->second.name;
}

std::string PgPrepared::Add(std::uint64_t statement_id, std::optional<std::string>& evicted) {
  if (uses_.size() >= kStatementsMax) {
    const auto oldest = statements_.find(uses_.back());
    evicted = oldest->second.name;
    uses_.pop_back();
    statements_.erase(oldest);
  }
  std::string name = fmt::format("kck_{:016x}_{}", statement_id, ++last_number_);
  uses_.push_front(statement_id);
  statements_[statement_id] = {name, uses_.begin()};
  return name;
}

void PgPrepared::Remove(std::uint64_t statement_id, const std::string& name) {
  const auto found = statements_.find(statement_id);
  if (found == statements_.end() || found->second.name != name) return;
  uses_.erase(found->second.use);
  statements_.erase(found);
}

void PgPrepared::Clear() {
  statements_.clear();
  uses_.clear();
}

}  // namespace kck
