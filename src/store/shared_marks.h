// Marks of keys in a store that processes share: what an entry must show, or else it is stale.
//
// A change by a transaction is named by it, and entries are held against it by their stamps. Any other change is a
// number, and every entry says which number its compute knew of: one above all that anybody had read before the change
// marks what began before it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kck {

// The highest numbers of marks that an entry's compute knew as it began.
struct KnownMarks {
  std::uint64_t product = 0;  // of its product
  std::uint64_t key = 0;      // of its key

  bool operator==(const KnownMarks&) const = default;
};

struct MarkedTransaction {
  std::string database;
  std::uint32_t epoch = 0;  // of the database's history
  std::uint64_t id = 0;

  bool operator==(const MarkedTransaction&) const = default;
};

// Of one database.
inline auto InOrder(const MarkedTransaction& one) { return std::pair(one.epoch, one.id); }

// What a key is marked for.
struct KeyMarks {
  std::uint64_t number = 0;  // of the last change without a transaction; 0: there was none
  std::vector<MarkedTransaction> transactions;
  // Transactions before this one were forgotten with the put of an entry that shows them; one by another definition,
  // or one that came late, may not.
  std::optional<MarkedTransaction> forgotten{};
};

}  // namespace kck
