#include "engine/key_mark.h"

#include <algorithm>

namespace kck {

void KeyMark::Add(const KeyChange& change) {
  if (!change.transaction) {
    // A fill that begins from here on reads after all of them.
    return HoldBySequence(change.sequence);
  }
  if (!transactions_.empty() && epoch_ != change.epoch) {
    HoldBySequence(last_sequence_);
    transactions_.clear();
  }
  if (transactions_.size() == kTransactionsMax) {
    // By now new snapshots see the oldest one.
    HoldBySequence(transactions_.front().sequence);
    transactions_.erase(transactions_.begin());
  }
  epoch_ = change.epoch;
  last_sequence_ = change.sequence;
  transactions_.push_back({*change.transaction, change.sequence});
}

void KeyMark::HoldBySequence(std::uint64_t sequence) {
  by_sequence_ = std::max(by_sequence_, sequence);
  number_ = 0;
}

void KeyMark::SetNumber(std::uint64_t sequence, std::uint64_t number) {
  if (by_sequence_ == sequence) number_ = number;
}

bool KeyMark::Stales(const Entry& entry) const {
  if (entry.fill_sequence() < by_sequence_) return true;
  if (transactions_.empty()) return false;
  if (!entry.stamp() || entry.version().epoch != epoch_) return entry.began() < last_sequence_;
  return !std::ranges::all_of(transactions_, [&entry](const Transaction& one) { return entry.stamp()->Sees(one.id); });
}

std::vector<std::uint64_t> KeyMark::Unseen(const Entry& entry) const {
  std::vector<std::uint64_t> unseen;
  if (!entry.stamp() || entry.version().epoch != epoch_) return unseen;
  for (const Transaction& one : transactions_) {
    if (!entry.stamp()->Sees(one.id)) unseen.push_back(one.id);
  }
  return unseen;
}

}  // namespace kck
