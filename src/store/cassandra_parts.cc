// The parts of values that are too long for a row. A few of them are under way at a time, so that one value does not
// take all of the client's requests.
#include <array>

#include "store/cassandra_tables.h"

namespace kck {
namespace {

constexpr std::uint32_t kPartsAtOnce = 8;

}  // namespace

// Of one value. What is mutable belongs to the callbacks, several of which may run at once.
struct CassandraTables::Parts {
  std::string key;
  EntryRow row;                    // read: what names them; written: its cell, and the entry with its value
  OutcomeCallback<EntryPtr> read;  // one of these two
  OutcomeCallback<void> written;
  std::vector<std::string> values{};   // read, by part
  std::int32_t ttl = 0;                // written
  std::atomic<std::uint32_t> next{0};  // to begin
  std::atomic<std::uint32_t> left{0};  // to end
  std::atomic<bool> missing{false};
  Mutex mutex{};
  std::optional<CassandraFailure> failure KCK_GUARDED_BY(mutex){};

  void Note(const CqlResult& result, std::string_view what) {
    MutexLock lock(mutex);
    if (!failure) failure = FailureOf(result, what);
  }

  std::optional<CassandraFailure> TakeFailure() {
    MutexLock lock(mutex);
    return std::move(failure);
  }
};

void CassandraTables::ReadValue(const std::string& key, EntryRow row, OutcomeCallback<EntryPtr> done) {
  const std::uint32_t count = row.cell.chunks;
  auto parts = std::make_shared<Parts>(key, std::move(row), std::move(done), OutcomeCallback<void>());
  parts->values.resize(static_cast<std::size_t>(count));
  parts->left = count;
  parts->next = std::min(count, kPartsAtOnce);
  for (std::uint32_t part = 0; part < std::min(count, kPartsAtOnce); ++part) ReadPart(parts, part);
}

void CassandraTables::ReadPart(const std::shared_ptr<Parts>& parts, std::uint32_t part) {
  const EntryRow& row = parts->row;
  const std::array values{CqlValue::Bytes(parts->key),
                          CqlValue::Bigint(static_cast<std::int64_t>(row.entry->fingerprint())),
                          CqlValue::Bytes(row.cell.chunk_id), CqlValue::Int(static_cast<std::int32_t>(part))};
  session_.client().Execute(session_.statement(StoreStatement::kReadChunk), values, {.idempotent = true},
                            [this, parts, part](const CqlResult& found) { OnPart(parts, part, found); });
}

void CassandraTables::OnPart(const std::shared_ptr<Parts>& parts, std::uint32_t part, const CqlResult& found) {
  if (!found.ok()) {
    parts->Note(found, "be read");
  } else if (found.rows() == 0) {
    parts->missing = true;
  } else {
    parts->values[static_cast<std::size_t>(part)] = found.Bytes(0, 0);
  }
  const std::uint32_t next = parts->next.fetch_add(1);
  if (next < parts->row.cell.chunks) ReadPart(parts, next);
  if (parts->left.fetch_sub(1) == 1) FinishRead(*parts);
}

void CassandraTables::FinishRead(Parts& parts) {
  if (auto failure = parts.TakeFailure()) return parts.read(tl::unexpected(*std::move(failure)));
  if (parts.missing) return parts.read(EntryPtr());
  std::string value;
  for (const std::string& part : parts.values) value += part;
  Result<EntryPtr> entry = Assemble(parts.row, value);
  if (!entry) damage_.Note(entry.error().message);
  parts.read(entry ? *std::move(entry) : nullptr);
}

void CassandraTables::WriteParts(const std::string& key, EntryPtr entry, const EntryCell& cell,
                                 OutcomeCallback<void> done) {
  if (cell.chunks == 0) return done({});
  EntryRow row;
  row.cell = cell;
  row.entry = std::move(entry);
  auto parts = std::make_shared<Parts>(key, std::move(row), OutcomeCallback<EntryPtr>(), std::move(done));
  parts->ttl = SecondsToLive(*parts->row.entry, MomentOf(scheduler_));
  parts->left = cell.chunks;
  parts->next = std::min(cell.chunks, kPartsAtOnce);
  for (std::uint32_t part = 0; part < std::min(cell.chunks, kPartsAtOnce); ++part) WritePart(parts, part);
}

void CassandraTables::WritePart(const std::shared_ptr<Parts>& parts, std::uint32_t part) {
  const EntryRow& row = parts->row;
  const std::array values{CqlValue::Bytes(parts->key),
                          CqlValue::Bigint(static_cast<std::int64_t>(row.entry->fingerprint())),
                          CqlValue::Bytes(row.cell.chunk_id),
                          CqlValue::Int(static_cast<std::int32_t>(part)),
                          CqlValue::Bytes(PartOf(row.entry->value(), part, value_bytes_whole_)),
                          CqlValue::Int(parts->ttl)};
  session_.client().Execute(session_.statement(StoreStatement::kWriteChunk), values, {.idempotent = true},
                            [this, parts](const CqlResult& written) {
                              if (!written.ok()) parts->Note(written, "write");
                              const std::uint32_t next = parts->next.fetch_add(1);
                              if (next < parts->row.cell.chunks) WritePart(parts, next);
                              if (parts->left.fetch_sub(1) != 1) return;
                              auto failure = parts->TakeFailure();
                              if (failure) return parts->written(tl::unexpected(*std::move(failure)));
                              parts->written({});
                            });
}

void CassandraTables::ForgetParts(const std::string& key, std::uint64_t fingerprint, const EntryCell& cell) {
  for (std::uint32_t part = 0; part < cell.chunks; ++part) {
    const std::array values{CqlValue::Bytes(key), CqlValue::Bigint(static_cast<std::int64_t>(fingerprint)),
                            CqlValue::Bytes(cell.chunk_id), CqlValue::Int(static_cast<std::int32_t>(part))};
    session_.client().Execute(session_.statement(StoreStatement::kForgetChunk), values, {.idempotent = true},
                              [](const CqlResult&) {});
  }
}

}  // namespace kck
