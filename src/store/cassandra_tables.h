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
  // `writer` is this process, by the name that its entries bear.
  CassandraTables(CassandraSession& session, const Scheduler& scheduler, DamageLog& damage, std::string writer,
                  std::size_t value_bytes_whole)
      : session_(session),
        scheduler_(scheduler),
        damage_(damage),
        writer_(std::move(writer)),
        value_bytes_whole_(value_bytes_whole) {}

  void ReadEntries(const std::string& key, OutcomeCallback<KeyRows> done) override;
  EntryCells CellsFor(const Entry& entry) const override {
    EntryCells cells = CellsOf(entry, MomentOf(scheduler_), value_bytes_whole_);
    cells.writer = writer_;
    return cells;
  }
  void WriteParts(const std::string& key, EntryPtr entry, const EntryCells& cells, OutcomeCallback<void> done) override;
  void ForgetParts(const std::string& key, std::uint64_t fingerprint, const EntryCells& cells) override;
  void WriteEntry(const std::string& key, const Entry& entry, const EntryCells& cells, std::int64_t time_us,
                  const Forgetting& forgetting, OutcomeCallback<void> done) override;
  void WriteMark(const std::string& key, std::uint64_t number, std::int32_t ttl, OutcomeCallback<void> done) override;
  void WriteMark(const std::string& key, const MarkedTransaction& transaction, std::int64_t time_us, std::int32_t ttl,
                 OutcomeCallback<void> done) override;
  void ReadSettable(const std::string& key, std::optional<CqlConsistency> consistency,
                    OutcomeCallback<std::optional<EntryRow>> done) override;
  void WriteSettable(const std::string& key, const Entry& entry, const EntryCells& cells,
                     const std::optional<std::string>& expected, OutcomeCallback<bool> done) override;

  // The row with its value. Null: a part is missing, or damaged.
  void ReadValue(const std::string& key, EntryRow row, OutcomeCallback<EntryPtr> done);

 private:
  struct Parts;

  void ReadPart(const std::shared_ptr<Parts>& parts, std::int32_t part);
  void OnPart(const std::shared_ptr<Parts>& parts, std::int32_t part, const CqlResult& found);
  void WritePart(const std::shared_ptr<Parts>& parts, std::int32_t part);
  void FinishRead(Parts& parts);

  CassandraSession& session_;
  const Scheduler& scheduler_;
  DamageLog& damage_;
  const std::string writer_;
  const std::size_t value_bytes_whole_;
};

CassandraFailure FailureOf(const CqlResult& result, std::string_view what);

}  // namespace kck
