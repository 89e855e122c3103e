#include "store/entry_cell.h"

#include "store/number_bytes.h"

namespace kck {
namespace {

constexpr char kFormat = 1;
constexpr std::size_t kHeadBytes = 1 + 4 * 8 + 4;

template <typename Number>
Number Take(std::string_view& bytes) {
  const Number number = LoadNumber<Number>(bytes.data());
  bytes.remove_prefix(sizeof(Number));
  return number;
}

}  // namespace

std::string PackCell(const EntryCell& cell) {
  std::string bytes;
  bytes.reserve(kHeadBytes + cell.chunk_id.size() + cell.entry.size());
  bytes += kFormat;
  AppendNumber(bytes, cell.written_us);
  AppendNumber(bytes, cell.writer);
  AppendNumber(bytes, cell.known.product);
  AppendNumber(bytes, cell.known.key);
  AppendNumber(bytes, cell.chunks);
  if (cell.chunks > 0) bytes += cell.chunk_id;
  return bytes += cell.entry;
}

std::optional<EntryCell> UnpackCell(std::string_view bytes) {
  if (bytes.size() < kHeadBytes || bytes[0] != kFormat) return std::nullopt;
  bytes.remove_prefix(1);
  EntryCell cell;
  cell.written_us = Take<std::int64_t>(bytes);
  cell.writer = Take<std::uint64_t>(bytes);
  cell.known.product = Take<std::uint64_t>(bytes);
  cell.known.key = Take<std::uint64_t>(bytes);
  cell.chunks = Take<std::uint32_t>(bytes);
  if (cell.chunks > 0) {
    if (bytes.size() < kChunkIdBytes) return std::nullopt;
    cell.chunk_id = bytes.substr(0, kChunkIdBytes);
    bytes.remove_prefix(kChunkIdBytes);
  }
  cell.entry = bytes;
  return cell;
}

}  // namespace kck
