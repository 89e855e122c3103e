// Cassandra's tables of entries, by the session's statements.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/cassandra_session.h"
#include "store/entry_tables.h"

namespace kck {

// The session is ready. Callbacks come as the client's do: on a thread of the scheduler or of the session's Close. All
// that is passed to the constructor outlives the callbacks, and this does.
class CassandraTables : public EntryTables {
 public:
  // `writer` is this process, by the number that its entries bear.
  CassandraTables(CassandraSession& session, const Scheduler& scheduler, DamageLog& damage, std::uint64_t writer,
                  std::size_t value_bytes_whole)
      : session_(session),
        scheduler_(scheduler),
        damage_(damage),
        writer_(writer),
        value_bytes_whole_(value_bytes_whole) {}

  void ReadEntries(const std::string& key, OutcomeCallback<KeyRows> done) override;
  EntryCell CellFor(const Entry& entry) const override {
    EntryCell cell = CellOf(entry, MomentOf(scheduler_), value_bytes_whole_);
    cell.writer = writer_;
    return cell;
  }
  void WriteParts(const std::string& key, EntryPtr entry, const EntryCell& cell, OutcomeCallback<void> done) override;
  void ForgetParts(const std::string& key, std::uint64_t fingerprint, const EntryCell& cell) override;
  void WriteEntry(const std::string& key, const Entry& entry, const EntryCell& cell, const Forgetting& forgetting,
                  OutcomeCallback<void> done) override;
  void WriteMark(const std::string& key, std::uint64_t number, std::int32_t ttl, OutcomeCallback<void> done) override;
  void WriteMark(const std::string& key, const MarkedTransaction& transaction, std::int64_t time_us, std::int32_t ttl,
                 OutcomeCallback<void> done) override;
  void ReadSettable(const std::string& key, std::optional<CqlConsistency> consistency,
                    OutcomeCallback<std::optional<EntryRow>> done) override;
  void WriteSettable(const std::string& key, const Entry& entry, const EntryCell& cell,
                     const std::optional<std::string>& expected, OutcomeCallback<bool> done) override;

  // The row with its value. Null: a part is missing, or damaged.
  void ReadValue(const std::string& key, EntryRow row, OutcomeCallback<EntryPtr> done);

 private:
  struct Parts;

  void ReadPart(const std::shared_ptr<Parts>& parts, std::uint32_t part);
  void OnPart(const std::shared_ptr<Parts>& parts, std::uint32_t part, const CqlResult& found);
  void WritePart(const std::shared_ptr<Parts>& parts, std::uint32_t part);
  void FinishRead(Parts& parts);

  CassandraSession& session_;
  const Scheduler& scheduler_;
  DamageLog& damage_;
  const std::uint64_t writer_;
  const std::size_t value_bytes_whole_;
};

CassandraFailure FailureOf(const CqlResult& result, std::string_view what);

}  // namespace kck
