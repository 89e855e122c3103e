// The one cell that an entry is in a table of Cassandra: the entry as store/entry_codec.h writes it, and what the store
// knows of it besides. Each column of a row costs Cassandra as much to read as a small value does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/shared_marks.h"

namespace kck {

// Where the value is too long for a cell, the cell has the entry without it, and it lies in parts beside, named by an
// id that is never used again.
struct EntryCell {
  std::string entry;
  std::uint32_t chunks = 0;     // parts that the value is in; 0: it is in `entry`
  std::string chunk_id{};       // kChunkIdBytes where there are parts: random ones, then the value's hash, big-endian
  std::int64_t written_us = 0;  // the time that its write bears
  std::uint64_t writer = 0;     // the process that made it, by a number that no other has
  KnownMarks known{};
};

inline constexpr std::size_t kChunkIdRandomBytes = 16;
inline constexpr std::size_t kChunkIdBytes = kChunkIdRandomBytes + 8;

// Little endian, a format number first.
std::string PackCell(const EntryCell& cell);

// Nothing where it is damaged, or of a format that this program does not know.
std::optional<EntryCell> UnpackCell(std::string_view bytes);

}  // namespace kck
