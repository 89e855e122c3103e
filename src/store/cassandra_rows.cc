#include "store/cassandra_rows.h"

#include <algorithm>
#include <array>
#include <boost/endian/conversion.hpp>
#include <charconv>
#include <limits>

#include "base/secret.h"

namespace kck {
namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kHashBytes = 8;

std::string HashText(std::string_view value) {
  std::array<unsigned char, kHashBytes> bytes;
  boost::endian::store_big_u64(bytes.data(), ValueHash(value));
  return {bytes.begin(), bytes.end()};
}

EntryPtr WithValue(const Entry& entry, std::string_view value) {
  EntryContent content = entry.content();
  content.value = value;
  return Entry::Restore(entry.key(), entry.facts(), content);
}

// From the column `first` on: entry, chunks, chunk_id.
EntryCells TakeCells(const CqlResult& found, std::uint32_t row, std::uint32_t first) {
  return {std::string(found.Bytes(row, first)),
          found.Int(row, first + 1).value_or(0),
          std::string(found.Bytes(row, first + 2)),
          {},
          {}};
}

// Null where it is damaged or past its life.
EntryPtr Decode(std::string_view key, const EntryCells& cells, bool foreign, const Moment& moment, DamageLog& damage) {
  Result<EntryPtr> entry = DecodeEntry(key, cells.entry, moment, foreign);
  if (entry && cells.chunks > 0 && cells.chunk_id.size() != kIdBytes + kHashBytes) {
    entry = Fail(ErrorCode::kStoreError, "parts without a name");
  }
  if (!entry) {
    damage.Note(entry.error().message);
    return nullptr;
  }
  return (*entry)->expires_at() > moment.now ? *std::move(entry) : nullptr;
}

std::uint64_t UnsignedOf(const CqlResult& found, std::uint32_t row, std::uint32_t column) {
  return static_cast<std::uint64_t>(found.Bigint(row, column).value_or(0));
}

std::optional<MarkedTransaction> MarkOf(std::string_view text, std::string_view database) {
  MarkedTransaction mark{std::string(database), 0, 0};
  const char* end = text.data() + text.size();
  const auto epoch = std::from_chars(text.data(), end, mark.epoch);
  if (epoch.ec != std::errc() || epoch.ptr == end) return std::nullopt;
  const auto id = std::from_chars(epoch.ptr + 1, end, mark.id);
  return id.ec == std::errc() && id.ptr == end ? std::optional(std::move(mark)) : std::nullopt;
}

}  // namespace

EntryCells CellsOf(const Entry& entry, const Moment& moment, std::size_t value_bytes_whole) {
  const std::string_view value = entry.value();
  if (value.size() <= value_bytes_whole) return {EncodeEntry(entry, moment), 0, {}, {}, {}};
  const std::size_t parts = (value.size() + value_bytes_whole - 1) / value_bytes_whole;
  return {EncodeEntry(*WithValue(entry, {}), moment),
          static_cast<std::int32_t>(parts),
          RandomBytes(kIdBytes) + HashText(value),
          {},
          {}};
}

std::string_view PartOf(std::string_view value, std::int32_t part, std::size_t value_bytes_whole) {
  return value.substr(static_cast<std::size_t>(part) * value_bytes_whole, value_bytes_whole);
}

Result<EntryPtr> Assemble(const EntryRow& row, std::string_view value) {
  if (row.cells.chunk_id.substr(kIdBytes) != HashText(value)) {
    return Fail(ErrorCode::kStoreError, "a part of a value that differs from what was written");
  }
  return WithValue(*row.entry, value);
}

std::string TextOfMark(const MarkedTransaction& transaction) {
  return fmt::format("{} {}", transaction.epoch, transaction.id);
}

KeyRows RowsOfEntries(std::string_view key, const CqlResult& found, std::string_view reader, const Moment& moment,
                      DamageLog& damage) {
  KeyRows all;
  for (std::uint32_t i = 0; i < found.rows(); ++i) {
    all.marks.number = UnsignedOf(found, i, 8);
    // Of a key without rows there is the number of its marks alone.
    if (found.IsNull(i, 0)) continue;
    const std::uint64_t fingerprint = UnsignedOf(found, i, 0);
    if (fingerprint == 0) {
      const auto mark = MarkOf(found.Bytes(i, 2), found.Bytes(i, 5));
      if (mark) all.marks.transactions.push_back(*mark);
      continue;
    }
    EntryRow row;
    row.fingerprint = fingerprint;
    row.written_us = found.Bigint(i, 1).value_or(0);
    row.cells = TakeCells(found, i, 2);
    row.cells.writer = found.Bytes(i, 5);
    row.cells.known = {UnsignedOf(found, i, 6), UnsignedOf(found, i, 7)};
    row.entry = Decode(key, row.cells, row.cells.writer != reader, moment, damage);
    if (row.entry) all.rows.push_back(std::move(row));
  }
  return all;
}

std::optional<EntryRow> RowOfSettable(std::string_view key, const CqlResult& found, const Moment& moment,
                                      DamageLog& damage) {
  if (found.rows() == 0 || found.IsNull(0, 0)) return std::nullopt;
  EntryRow row;
  row.cells = TakeCells(found, 0, 0);
  row.entry = Decode(key, row.cells, false, moment, damage);
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
