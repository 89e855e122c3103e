// What the rows of Cassandra's tables hold, and how entries get into them and out. Nothing here asks anybody.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/cql_result.h"
#include "store/damage_log.h"
#include "store/entry_cell.h"
#include "store/entry_codec.h"

namespace kck {

EntryCell CellOf(const Entry& entry, const Moment& moment, std::size_t value_bytes_whole);

// The part'th of the parts that a value is cut into.
std::string_view PartOf(std::string_view value, std::uint32_t part, std::size_t value_bytes_whole);

// A row, read.
struct EntryRow {
  std::uint64_t fingerprint = 0;
  EntryPtr entry;  // without its value where there are chunks
  EntryCell cell;
  std::string packed{};  // of the settable table: the cell as it is there
};

// A row's entry with its value, of which these are the parts. KCKStoreError: they are not what was written.
Result<EntryPtr> Assemble(const EntryRow& row, std::string_view value);

// A key's rows.
struct KeyRows {
  std::vector<EntryRow> rows;
  KeyMarks marks;
};

// The rows of kReadEntries, in its order, without those that are damaged, which the log is told, or past their life.
// What `reader` has not written is foreign.
KeyRows RowsOfEntries(std::string_view key, const CqlResult& found, std::uint64_t reader, const Moment& moment,
                      DamageLog& damage);

// The one row of kReadSettable, with its cell also where that is damaged or past its life: the entry is null then.
std::optional<EntryRow> RowOfSettable(std::string_view key, const CqlResult& found, const Moment& moment,
                                      DamageLog& damage);

// A mark's row lies under the fingerprint 0, which no product has, and says so in the cell of the entry.
std::string TextOfMark(const MarkedTransaction& transaction);

// The newest of that definition; null where there is none.
const EntryRow* RowOf(const std::vector<EntryRow>& rows, std::uint64_t fingerprint);

// Seconds that Cassandra keeps what is written now; 0: for ever. An entry past its life gets a second, so that it still
// takes the place of what it supersedes.
std::int32_t SecondsToLive(const Entry& entry, const Moment& moment);

}  // namespace kck
