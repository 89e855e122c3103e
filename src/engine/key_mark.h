// A mark: a key is stale until a fill that shows the changes it was marked for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/entry.h"

namespace kck {

// A change that made a key stale.
struct KeyChange {
  std::uint64_t sequence = 0;                // of this node, taken once the change was there to be read
  std::uint32_t epoch = 0;                   // of the transaction
  std::optional<std::uint64_t> transaction;  // nothing: fills are ordered by sequence
};

// Not thread-safe: the lock of the key's stripe covers it.
class KeyMark {
 public:
  bool empty() const { return by_sequence_ == 0 && transactions_.empty(); }

  void Add(const KeyChange& change);

  // The change without a transaction of that sequence has this number among processes (KeyMarks::number).
  void SetNumber(std::uint64_t sequence, std::uint64_t number);

  // True where `entry` may miss a change: its stamp does not see one of the transactions; or, where it has no stamp of
  // their history or there is no transaction, its compute began before the change. Of a foreign one, which was taken
  // in after the change, KnownBy has to be asked for the latter as it is.
  bool Stales(const Entry& entry) const;

  // The number that the entry's compute began after; 0: nothing is known of that.
  std::uint64_t KnownTo(const Entry& entry) const { return entry.began() >= by_sequence_ ? number_ : 0; }

  // True where a compute that knew of this number of the key's marks began after all that have no transaction.
  bool KnownBy(std::uint64_t number) const { return by_sequence_ == 0 || (number_ != 0 && number >= number_); }

  // Of the last change.
  std::uint64_t last_sequence() const { return std::max(by_sequence_, last_sequence_); }

  // The transactions of their history that the entry's stamp does not see.
  std::vector<std::uint64_t> Unseen(const Entry& entry) const;

 private:
  static constexpr std::size_t kTransactionsMax = 16;

  void HoldBySequence(std::uint64_t sequence);

  std::uint64_t by_sequence_ = 0;    // of the last change that is held by its sequence alone
  std::uint64_t number_ = 0;         // of it, and above those of all others; 0: not known
  std::uint64_t last_sequence_ = 0;  // of the last change with a transaction
  std::uint32_t epoch_ = 0;
  struct Transaction {
    std::uint64_t id;
    std::uint64_t sequence;
  };
  std::vector<Transaction> transactions_;  // oldest first
};

}  // namespace kck
