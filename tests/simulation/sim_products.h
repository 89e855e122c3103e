// The definitions that a simulated node serves, and what their keys are worth.
//
// Over `main`, which has snapshots: item (due after writes), pair (after item's primes), total (after pair's), patient
// (readers wait where it is stale), clock and target (by time too), plain (by age alone), rank (due as a whole, with a
// domain), ids (the domain). Over `lite`, which has none: note (after writes), echo (after note's primes), memo (after
// writes, and callers may set it).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/catalog.h"
#include "model/write_request.h"
#include "simulation/sim_database.h"

namespace kck {

inline constexpr std::string_view kMain = "main";
inline constexpr std::string_view kLite = "lite";

// What may change while a node runs.
struct Definitions {
  std::uint64_t edition = 1;  // of every product: another one computes another value
  bool has_total = true;
  bool slow = false;  // times are those of nodes that look at a shared store now and then
};

CatalogPtr MakeCatalog(const Definitions& definitions);

// The product that is due when a key of this one was computed; empty: none. Keys have the same parameters.
std::string_view DueAfterPrimeOf(std::string_view product);
// Whether the key of a row is due, or its whole product is, after a write to the row.
bool IsDueAfterWrites(std::string_view product);
// Which of the two, where it has more than one key.
bool IsDueAsAWhole(std::string_view product);

// The rows that a key is computed from. `rows` is how many there are.
std::vector<Row> RowsOf(const ResolvedKey& key, int rows);

// What the key is worth by the definition of that fingerprint; "[]" where there are no rows.
std::string ValueOf(const ResolvedKey& key, std::uint64_t fingerprint, int rows,
                    const std::function<RowState(Row)>& state);

// The number of changes that a value of a key of one row shows.
std::uint64_t NumberIn(std::string_view value);

// A write to the row through the updater of `database`; without a row, the database chooses one.
ResolvedWrite MakeWrite(const Catalog& catalog, std::string_view database, WriteAction action, std::optional<Row> row);

// What a statement of an updater does.
bool Deletes(const SqlStatement& statement);

}  // namespace kck
