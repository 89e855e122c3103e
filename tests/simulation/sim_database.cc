#include "simulation/sim_database.h"

#include <utility>

namespace kck {
namespace {

// How often a write that reaches its end is rolled back, and how often its client is not told of its commit.
constexpr std::uint64_t kRolledBackPercent = 8;
constexpr std::uint64_t kUnknownPercent = 5;
// How often a commit is acknowledged before new snapshots see it.
constexpr std::uint64_t kSeenLatePercent = 30;
constexpr auto kSeenLateMax = std::chrono::milliseconds(30);

}  // namespace

struct SimDatabase::Transaction {
  Row row;
  bool deletes;
  SimProcess* client;
  Written done;
  std::uint64_t order;
  std::uint64_t number = 0;  // 0: it has not begun
  bool committed = false;
};

SimDatabase::SimDatabase(std::string name, bool has_snapshots, SimScheduler& scheduler, Random& random, Story& story)
    : name_(std::move(name)), has_snapshots_(has_snapshots), server_(scheduler), random_(random), story_(story) {}

std::string SimDatabase::About(Row row) const { return fmt::format("{}:{}", name_, row); }

Stamp SimDatabase::Snapshot() const {
  Stamp stamp;
  stamp.xmax = completed_max_ + 1;
  for (const std::uint64_t transaction : in_progress_) {
    if (transaction < stamp.xmax) stamp.in_progress.push_back(transaction);
  }
  stamp.xmin = stamp.in_progress.empty() ? stamp.xmax : stamp.in_progress.front();
  return stamp;
}

RowState SimDatabase::At(Row row, const Stamp& snapshot) const {
  const auto changes = changes_.find(row);
  if (changes == changes_.end()) return {};
  for (auto change = changes->second.rbegin(); change != changes->second.rend(); ++change) {
    if (snapshot.Sees(change->transaction)) return change->state;
  }
  return {};
}

void SimDatabase::Write(Row row, bool deletes, SimProcess& client, Written done) {
  auto transaction = std::make_shared<Transaction>(Transaction{row, deletes, &client, std::move(done), ++last_order_});
  if (!reachable) {
    return Answer(transaction, random_.Latency(), Fail(ErrorCode::kSourceError, "scripted: it is not there"));
  }
  transactions_.emplace(transaction->order, transaction);
  server_.After(random_.Latency(), [this, transaction] { Begin(transaction); });
}

void SimDatabase::Begin(const TransactionPtr& transaction) {
  if (!transactions_.contains(transaction->order)) return;
  transaction->number = next_transaction_++;
  in_progress_.insert(transaction->number);
  story_.Tell(About(transaction->row), "transaction {} begins", transaction->number);
  auto& waiting = locks_[transaction->row];
  waiting.push_back(transaction);
  if (waiting.size() == 1) Lock(transaction);
}

void SimDatabase::Lock(const TransactionPtr& transaction) {
  server_.After(random_.Latency(), [this, transaction] {
    if (transactions_.contains(transaction->order)) Finish(transaction);
  });
}

void SimDatabase::Finish(const TransactionPtr& transaction) {
  if (random_.Percent(kRolledBackPercent)) return RollBack(transaction);
  Commits(transaction);
  const RowState state = changes_[transaction->row].back().state;
  if (random_.Percent(kUnknownPercent)) {
    End(transaction);
    return Answer(transaction, random_.Latency(), Fail(ErrorCode::kSourceError, "scripted: the connection was lost"));
  }
  const bool late = has_snapshots_ && random_.Percent(kSeenLatePercent);
  Answer(transaction, random_.Latency(), Commit{transaction->number, state.number});
  if (!late) return End(transaction);
  server_.After(random_.Between(Duration::zero(), kSeenLateMax), [this, transaction] { End(transaction); });
}

void SimDatabase::RollBack(const TransactionPtr& transaction) {
  story_.Tell(About(transaction->row), "transaction {} is rolled back", transaction->number);
  End(transaction);
  const bool known = random_.OneIn(2);
  Answer(transaction, random_.Latency(), Fail(known ? ErrorCode::kOverloaded : ErrorCode::kSourceError, "scripted"));
}

void SimDatabase::Commits(const TransactionPtr& transaction) {
  auto& changes = changes_[transaction->row];
  const std::uint64_t before = changes.empty() ? 0 : changes.back().state.number;
  changes.push_back({transaction->number, {before + 1, !transaction->deletes}});
  transaction->committed = true;
  story_.Tell(About(transaction->row), "transaction {} commits change {}{}", transaction->number, before + 1,
              transaction->deletes ? ", a delete" : "");
}

// New snapshots know of it, and the next one has the row.
void SimDatabase::End(const TransactionPtr& transaction) {
  if (transactions_.erase(transaction->order) == 0) return;
  if (transaction->number == 0) return;
  in_progress_.erase(transaction->number);
  completed_max_ = std::max(completed_max_, transaction->number);
  story_.Tell(About(transaction->row), "transaction {} has ended for new snapshots", transaction->number);
  auto& waiting = locks_[transaction->row];
  const bool held = !waiting.empty() && waiting.front() == transaction;
  std::erase(waiting, transaction);
  if (held && !waiting.empty()) Lock(waiting.front());
}

void SimDatabase::EndTransactionsOf(const SimProcess& client) {
  for (const auto& [order, transaction] : std::map(transactions_)) {
    if (transaction->client != &client) continue;
    const auto& waiting = locks_[transaction->row];
    const bool has_row = !waiting.empty() && waiting.front() == transaction;
    if (has_row && !transaction->committed && random_.OneIn(2)) Commits(transaction);
    End(transaction);
  }
}

void SimDatabase::Answer(const TransactionPtr& transaction, Duration wait, Result<Commit> result) {
  transaction->client->After(wait, [done = std::move(transaction->done), result = std::move(result)] { done(result); });
}

}  // namespace kck
