#include "store/cassandra_tables.h"

#include <array>

#include "store/version_name.h"

namespace kck {
namespace {

CqlValue Unsigned(std::uint64_t number) { return CqlValue::Bigint(static_cast<std::int64_t>(number)); }
CqlValue Definition(std::uint64_t fingerprint) { return Unsigned(fingerprint); }

constexpr std::string_view kReading = "be read";
constexpr std::string_view kWriting = "write";
// Longer than a definition that no node has any more is of any use.
constexpr std::int32_t kForgottenKeptS = 30 * 86400;

constexpr std::string_view kMarking = "mark a key";

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

void CassandraTables::ReadEntries(const std::string& key, OutcomeCallback<KeyRows> done) {
  const std::array values{CqlValue::Bytes(key)};
  session_.client().Execute(session_.statement(StoreStatement::kReadEntries), values, {.idempotent = true},
                            [this, key, done = std::move(done)](const CqlResult& found) {
                              if (!found.ok()) return done(tl::unexpected(FailureOf(found, kReading)));
                              done(RowsOfEntries(key, found, writer_, MomentOf(scheduler_), damage_));
                            });
}

void CassandraTables::WriteEntry(const std::string& key, const Entry& entry, const EntryCell& cell,
                                 const Forgetting& forgetting, OutcomeCallback<void> done) {
  const CqlValue name = CqlValue::Bytes(key);
  const CqlValue fingerprint = Definition(entry.fingerprint());
  const CqlValue time = CqlValue::Bigint(cell.written_us);
  const std::string version = VersionName(entry);
  const std::string packed = PackCell(cell);
  const std::int32_t ttl = SecondsToLive(entry, MomentOf(scheduler_));
  std::vector<CqlBatchItem> items;
  items.push_back({session_.statement(StoreStatement::kWriteEntry),
                   {name, fingerprint, CqlValue::Bytes(version), CqlValue::Bytes(packed), time, CqlValue::Int(ttl)}});
  if (forgetting.older_until_us) {
    items.push_back({session_.statement(StoreStatement::kForgetOlder),
                     {CqlValue::Bigint(*forgetting.older_until_us), name, fingerprint, CqlValue::Bytes(version)}});
  }
  for (const std::uint64_t definition : forgetting.definitions) {
    items.push_back({session_.statement(StoreStatement::kForgetDefinition), {time, name, Definition(definition)}});
  }
  std::string first_mark;
  std::string end_of_marks;
  if (const auto& before = forgetting.marks_before) {
    first_mark = MarkNamePrefix(before->database);
    end_of_marks = MarkName(*before);
    items.push_back({session_.statement(StoreStatement::kForgetMarks),
                     {time, name, CqlValue::Bytes(first_mark), CqlValue::Bytes(end_of_marks)}});
  }
  std::string forgotten;
  if (forgetting.tells_marks) {
    forgotten = TextOfMark(*forgetting.marks_before);
    items.push_back({session_.statement(StoreStatement::kTellForgotten),
                     {time, CqlValue::Int(kForgottenKeptS), CqlValue::Bytes(forgotten), name}});
  }
  session_.client().ExecuteBatch(items, {.idempotent = true}, [done = std::move(done)](const CqlResult& written) {
    done(NothingOf(written, kWriting));
  });
}

void CassandraTables::WriteMark(const std::string& key, std::uint64_t number, std::int32_t ttl,
                                OutcomeCallback<void> done) {
  // Its time is the number itself, so that the highest stays.
  const std::array values{Unsigned(number), CqlValue::Int(ttl), Unsigned(number), CqlValue::Bytes(key)};
  session_.client().Execute(session_.statement(StoreStatement::kMarkNumber), values, {.idempotent = true},
                            [done = std::move(done)](const CqlResult& written) { done(NothingOf(written, kMarking)); });
}

void CassandraTables::WriteMark(const std::string& key, const MarkedTransaction& transaction, std::int64_t time_us,
                                std::int32_t ttl, OutcomeCallback<void> done) {
  const std::string name = MarkName(transaction);
  const std::string text = TextOfMark(transaction);
  const std::array values{CqlValue::Bytes(key), CqlValue::Bytes(name), CqlValue::Bytes(text), CqlValue::Bigint(time_us),
                          CqlValue::Int(ttl)};
  session_.client().Execute(session_.statement(StoreStatement::kMarkTransaction), values, {.idempotent = true},
                            [done = std::move(done)](const CqlResult& written) { done(NothingOf(written, kMarking)); });
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

void CassandraTables::WriteSettable(const std::string& key, const Entry& entry, const EntryCell& cell,
                                    const std::optional<std::string>& expected, OutcomeCallback<bool> done) {
  const std::string packed = PackCell(cell);
  const std::array values{CqlValue::Int(SecondsToLive(entry, MomentOf(scheduler_))), CqlValue::Bytes(packed),
                          CqlValue::Bytes(key), expected ? CqlValue::Bytes(*expected) : CqlValue::Null()};
  const CqlOptions options{.serial_consistency = CqlConsistency::kSerial};
  session_.client().Execute(session_.statement(StoreStatement::kWriteSettable), values, options,
                            [done = std::move(done)](const CqlResult& written) {
                              if (!written.ok()) return done(tl::unexpected(FailureOf(written, kWriting)));
                              done(written.applied());
                            });
}

}  // namespace kck
