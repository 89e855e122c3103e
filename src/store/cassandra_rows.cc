#include "store/cassandra_rows.h"

#include <algorithm>
#include <array>
#include <boost/endian/conversion.hpp>
#include <charconv>
#include <limits>

#include "base/secret.h"

namespace kck {
namespace {

std::string HashText(std::string_view value) {
  std::array<unsigned char, kChunkIdBytes - kChunkIdRandomBytes> bytes;
  boost::endian::store_big_u64(bytes.data(), ValueHash(value));
  return {bytes.begin(), bytes.end()};
}

EntryPtr WithValue(const Entry& entry, std::string_view value) {
  EntryContent content = entry.content();
  content.value = value;
  return Entry::Restore(entry.key(), entry.facts(), content);
}

// Null where it is damaged or past its life. What `reader` has not written is foreign.
EntryPtr Decode(std::string_view key, const std::optional<EntryCell>& cell, std::optional<std::uint64_t> reader,
                const Moment& moment, DamageLog& damage) {
  Result<EntryPtr> entry = Fail(ErrorCode::kStoreError, "a row that is no entry's");
  if (cell) entry = DecodeEntry(key, cell->entry, moment, reader && cell->writer != *reader);
  if (!entry) {
    damage.Note(entry.error().message);
    return nullptr;
  }
  return (*entry)->expires_at() > moment.now ? *std::move(entry) : nullptr;
}

std::uint64_t UnsignedOf(const CqlResult& found, std::uint32_t row, std::uint32_t column) {
  return static_cast<std::uint64_t>(found.Bigint(row, column).value_or(0));
}

std::optional<MarkedTransaction> MarkOf(std::string_view text) {
  if (text.empty()) return std::nullopt;
  MarkedTransaction mark;
  const char* end = text.data() + text.size();
  const auto epoch = std::from_chars(text.data(), end, mark.epoch);
  if (epoch.ec != std::errc() || epoch.ptr == end) return std::nullopt;
  const auto id = std::from_chars(epoch.ptr + 1, end, mark.id);
  if (id.ec != std::errc() || id.ptr == end) return std::nullopt;
  mark.database.assign(id.ptr + 1, end);
  return mark;
}

}  // namespace

EntryCell CellOf(const Entry& entry, const Moment& moment, std::size_t value_bytes_whole) {
  const std::string_view value = entry.value();
  if (value.size() <= value_bytes_whole) return {EncodeEntry(entry, moment)};
  const std::size_t parts = (value.size() + value_bytes_whole - 1) / value_bytes_whole;
  return {EncodeEntry(*WithValue(entry, {}), moment), static_cast<std::uint32_t>(parts),
          RandomBytes(kChunkIdRandomBytes) + HashText(value)};
}

std::string_view PartOf(std::string_view value, std::uint32_t part, std::size_t value_bytes_whole) {
  return value.substr(static_cast<std::size_t>(part) * value_bytes_whole, value_bytes_whole);
}

Result<EntryPtr> Assemble(const EntryRow& row, std::string_view value) {
  if (row.cell.chunk_id.substr(kChunkIdRandomBytes) != HashText(value)) {
    return Fail(ErrorCode::kStoreError, "a part of a value that differs from what was written");
  }
  return WithValue(*row.entry, value);
}

std::string TextOfMark(const MarkedTransaction& transaction) {
  return fmt::format("{} {} {}", transaction.epoch, transaction.id, transaction.database);
}

KeyRows RowsOfEntries(std::string_view key, const CqlResult& found, std::uint64_t reader, const Moment& moment,
                      DamageLog& damage) {
  KeyRows all;
  for (std::uint32_t i = 0; i < found.rows(); ++i) {
    all.marks.number = UnsignedOf(found, i, 2);
    all.marks.forgotten = MarkOf(found.Bytes(i, 3));
    // Of a key without rows there is the number of its marks alone; a row of an earlier layout has no cell.
    if (found.IsNull(i, 0) || found.IsNull(i, 1)) continue;
    const std::uint64_t fingerprint = UnsignedOf(found, i, 0);
    const std::string_view cell = found.Bytes(i, 1);
    if (fingerprint == 0) {
      if (auto mark = MarkOf(cell)) all.marks.transactions.push_back(*std::move(mark));
      continue;
    }
    const std::optional<EntryCell> unpacked = UnpackCell(cell);
    EntryPtr entry = Decode(key, unpacked, reader, moment, damage);
    if (entry) all.rows.push_back({fingerprint, std::move(entry), *unpacked});
  }
  return all;
}

std::optional<EntryRow> RowOfSettable(std::string_view key, const CqlResult& found, const Moment& moment,
                                      DamageLog& damage) {
  if (found.rows() == 0 || found.IsNull(0, 0)) return std::nullopt;
  EntryRow row;
  row.packed = found.Bytes(0, 0);
  const std::optional<EntryCell> unpacked = UnpackCell(row.packed);
  row.entry = Decode(key, unpacked, std::nullopt, moment, damage);
  if (unpacked) row.cell = *unpacked;
  return row;
}

const EntryRow* RowOf(const std::vector<EntryRow>& rows, std::uint64_t fingerprint) {
  const auto row = std::ranges::find(rows, fingerprint, &EntryRow::fingerprint);
  return row == rows.end() ? nullptr : &*row;
}

std::int32_t SecondsToLive(const Entry& entry, const Moment& moment) {
  // Cassandra refuses an end past this moment, as it keeps ends in 31 bits, and a longer life than 20 years. What is to
  // live longer gets no end there, and its own one is kept when it is read.
  constexpr std::int64_t kLastEndUnixS = std::numeric_limits<std::int32_t>::max() - 86400;
  constexpr std::int64_t kLifeMaxS = std::int64_t{20} * 365 * 86400;
  if (entry.expires_at() == TimePoint::max()) return 0;
  const auto life_s = std::chrono::ceil<std::chrono::seconds>(entry.expires_at() - moment.now).count();
  if (life_s > kLifeMaxS || moment.unix_ms / 1000 + life_s > kLastEndUnixS) return 0;
  return static_cast<std::int32_t>(std::max<std::int64_t>(life_s, 1));
}

}  // namespace kck
