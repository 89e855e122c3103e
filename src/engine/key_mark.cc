#include "engine/key_mark.h"

#include <algorithm>

namespace kck {

void KeyMark::Add(const KeyChange& change) {
  const bool comparable = transactions_.empty() || epoch_ == change.epoch;
  if (change.transaction && comparable && transactions_.size() < kTransactionsMax) {
    epoch_ = change.epoch;
    transactions_.push_back(*change.transaction);
    last_sequence_ = change.sequence;
    return;
  }
  // A fill that begins from here on reads after all of them.
  by_sequence_ = change.sequence;
  if (change.transaction) transactions_.clear();
}

bool KeyMark::Stales(const Entry& entry) const {
  if (entry.fill_sequence() < by_sequence_) return true;
  if (transactions_.empty()) return false;
  if (!entry.stamp() || entry.version().epoch != epoch_) return entry.fill_sequence() < last_sequence_;
  return !std::ranges::all_of(transactions_, [&entry](std::uint64_t one) { return entry.stamp()->Sees(one); });
}

std::vector<std::uint64_t> KeyMark::Unseen(const Entry& entry) const {
  std::vector<std::uint64_t> unseen;
  if (!entry.stamp() || entry.version().epoch != epoch_) return unseen;
  std::ranges::copy_if(transactions_, std::back_inserter(unseen),
                       [&entry](std::uint64_t one) { return !entry.stamp()->Sees(one); });
  return unseen;
}

}  // namespace kck
