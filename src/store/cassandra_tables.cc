#include "store/cassandra_tables.h"

#include <array>

#include "store/version_name.h"

namespace kck {
namespace {

CqlValue Definition(std::uint64_t fingerprint) { return CqlValue::Bigint(static_cast<std::int64_t>(fingerprint)); }

constexpr std::string_view kReading = "be read";
constexpr std::string_view kWriting = "write";

Outcome<void> NothingOf(const CqlResult& result, std::string_view what) {
  if (!result.ok()) return tl::unexpected(FailureOf(result, what));
  return {};
}

}  // namespace

CassandraFailure FailureOf(const CqlResult& result, std::string_view what) {
  Error error = result.error();
  error.message = fmt::format("the store could not {}: {}: check that Cassandra's nodes run and are not overloaded",
                              what, error.message);
  return {result.status(), std::move(error)};
}

void CassandraTables::ReadEntries(const std::string& key, OutcomeCallback<std::vector<EntryRow>> done) {
  const std::array values{CqlValue::Bytes(key)};
  session_.client().Execute(session_.statement(StoreStatement::kReadEntries), values, {.idempotent = true},
                            [this, key, done = std::move(done)](const CqlResult& found) {
                              if (!found.ok()) return done(tl::unexpected(FailureOf(found, kReading)));
                              done(RowsOfEntries(key, found, writer_, MomentOf(scheduler_), damage_));
                            });
}

void CassandraTables::WriteEntry(const std::string& key, const Entry& entry, const EntryCells& cells,
                                 std::int64_t time_us, const Forgetting& forgetting, OutcomeCallback<void> done) {
  const CqlValue name = CqlValue::Bytes(key);
  const CqlValue fingerprint = Definition(entry.fingerprint());
  const std::string version = VersionName(entry);
  const std::int32_t ttl = SecondsToLive(entry, MomentOf(scheduler_));
  std::vector<CqlBatchItem> items;
  items.push_back({session_.statement(StoreStatement::kWriteEntry),
                   {name, fingerprint, CqlValue::Bytes(version), CqlValue::Bytes(cells.entry),
                    CqlValue::Int(cells.chunks), CqlValue::Bytes(cells.chunk_id), CqlValue::Bytes(cells.writer),
                    CqlValue::Bigint(static_cast<std::int64_t>(cells.product_mark)), CqlValue::Bigint(time_us),
                    CqlValue::Int(ttl)}});
  items.push_back({session_.statement(StoreStatement::kForgetOlder),
                   {CqlValue::Bigint(forgetting.older_until_us), name, fingerprint, CqlValue::Bytes(version)}});
  for (const std::uint64_t definition : forgetting.definitions) {
    items.push_back({session_.statement(StoreStatement::kForgetDefinition),
                     {CqlValue::Bigint(time_us), name, Definition(definition)}});
  }
  session_.client().ExecuteBatch(items, {.idempotent = true}, [done = std::move(done)](const CqlResult& written) {
    done(NothingOf(written, kWriting));
  });
}

void CassandraTables::ReadSettable(const std::string& key, std::optional<CqlConsistency> consistency,
                                   OutcomeCallback<std::optional<EntryRow>> done) {
  const std::array values{CqlValue::Bytes(key)};
  const CqlOptions options{.idempotent = true, .consistency = consistency};
  session_.client().Execute(session_.statement(StoreStatement::kReadSettable), values, options,
                            [this, key, done = std::move(done)](const CqlResult& found) {
                              if (!found.ok()) return done(tl::unexpected(FailureOf(found, kReading)));
                              done(RowOfSettable(key, found, MomentOf(scheduler_), damage_));
                            });
}

void CassandraTables::WriteSettable(const std::string& key, const Entry& entry, const EntryCells& cells,
                                    const std::optional<std::string>& expected, OutcomeCallback<bool> done) {
  const std::array values{CqlValue::Int(SecondsToLive(entry, MomentOf(scheduler_))),
                          CqlValue::Bytes(cells.entry),
                          CqlValue::Int(cells.chunks),
                          CqlValue::Bytes(cells.chunk_id),
                          CqlValue::Bytes(key),
                          expected ? CqlValue::Bytes(*expected) : CqlValue::Null()};
  const CqlOptions options{.serial_consistency = CqlConsistency::kSerial};
  session_.client().Execute(session_.statement(StoreStatement::kWriteSettable), values, options,
                            [done = std::move(done)](const CqlResult& written) {
                              if (!written.ok()) return done(tl::unexpected(FailureOf(written, kWriting)));
                              done(written.applied());
                            });
}

}  // namespace kck
