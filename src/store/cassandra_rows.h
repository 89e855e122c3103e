// What the rows of Cassandra's tables hold, and how entries get into them and out. Nothing here asks anybody.
//
// An entry is one cell, as store/entry_codec.h writes it. Where its value is too long for that, the cell has the entry
// without the value, and the value lies in parts beside it, named by an id that is never used again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/cql_result.h"
#include "store/damage_log.h"
#include "store/entry_codec.h"
#include "store/shared_marks.h"

namespace kck {

// The columns of an entry's row that are the same in all tables.
struct EntryCells {
  std::string entry;
  std::int32_t chunks = 0;  // parts that the value is in; 0: it is in `entry`
  std::string chunk_id;     // 16 random bytes, then the value's hash, big-endian
  // Of entries of products alone.
  std::string writer;  // the process that made it: its node's id, and a name that no other process has
  KnownMarks known;
};

EntryCells CellsOf(const Entry& entry, const Moment& moment, std::size_t value_bytes_whole);

// The part'th of the parts that a value is cut into.
std::string_view PartOf(std::string_view value, std::int32_t part, std::size_t value_bytes_whole);

// A row, read.
struct EntryRow {
  std::uint64_t fingerprint = 0;
  EntryPtr entry;  // without its value where there are chunks
  EntryCells cells;
  std::int64_t written_us = 0;
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
KeyRows RowsOfEntries(std::string_view key, const CqlResult& found, std::string_view reader, const Moment& moment,
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
