#include "store/cassandra_store.h"

#include <algorithm>

#include "base/secret.h"
#include "store/cassandra_lanes.h"
#include "store/cassandra_marks.h"
#include "store/cassandra_puts.h"
#include "store/cassandra_records.h"
#include "store/cassandra_registers.h"
#include "store/cassandra_schema.h"
#include "store/put_rule.h"

namespace kck {
namespace {

class StoreInCassandra : public CassandraStore {
 public:
  StoreInCassandra(const CassandraSettings& settings, Scheduler& scheduler, const CassandraLimits& limits)
      : scheduler_(scheduler),
        close_timeout_ms_(limits.close_timeout_ms),
        damage_(fmt::format("Cassandra, keyspace {},", settings.keyspace), scheduler),
        clock_(scheduler),
        lanes_(std::make_shared<CassandraLanes>(scheduler, limits,
                                                [this](auto write, auto finish) { Run(*write, std::move(finish)); })),
        session_(std::make_shared<CassandraSession>(scheduler, settings, [lanes = lanes_] { lanes->Wake(); })),
        tables_(*session_, scheduler, damage_, RandomNumber(), limits.value_bytes_whole),
        records_(*session_, scheduler, clock_, limits),
        registers_(*session_, scheduler) {
    session_->Start();
  }

  ~StoreInCassandra() override { CloseAll(); }

  void GetShared(std::string key, std::uint64_t fingerprint, SharedGetCallback done) override {
    if (const auto refused = Refused()) return Refuse<SharedEntry>(std::move(done), *refused);
    // Cassandra has no empty keys.
    if (key.empty()) return scheduler_.Post([done = std::move(done)] { done(SharedEntry()); });
    Find({std::move(key), fingerprint, std::move(done)});
  }

  void PutShared(std::string key, SharedEntry entry, std::optional<PutCondition> condition, PutCallback done) override;

  void MarkShared(std::string key, std::optional<MarkedTransaction> transaction, NumberCallback done) override {
    if (const auto refused = Refused()) return Refuse<std::uint64_t>(std::move(done), *refused);
    PutMark({tables_, scheduler_, clock_}, key, transaction, std::move(done));
  }

  void ReadRegister(std::string name, RegisterCallback done) override {
    if (const auto refused = Refused()) return Refuse<std::optional<std::string>>(std::move(done), *refused);
    registers_.Read(name, std::move(done));
  }

  void SwapRegister(std::string name, std::optional<std::string> expected, std::string value, int keep_s,
                    SwapCallback done) override {
    if (const auto refused = Refused()) return Refuse<std::string>(std::move(done), *refused);
    registers_.Swap({std::move(name), std::move(expected), std::move(value), keep_s, std::move(done)});
  }

  void ReadNumber(std::string name, NumberCallback done) override {
    if (const auto refused = Refused()) return Refuse<std::uint64_t>(std::move(done), *refused);
    registers_.ReadNumber(name, std::move(done));
  }

  void RaiseNumber(std::string name, std::uint64_t number, PutCallback done) override {
    if (const auto refused = Refused()) return Refuse<void>(std::move(done), *refused);
    registers_.RaiseNumber(name, number, std::move(done));
  }

  void PutRecord(std::string name, std::string value, PutCallback done) override {
    if (const auto refused = Refused()) return Refuse<void>(std::move(done), *refused);
    records_.Write(std::move(name), std::move(value), std::move(done));
  }

  void DeleteRecord(std::string name, PutCallback done) override {
    if (const auto refused = Refused()) return Refuse<void>(std::move(done), *refused);
    records_.Write(std::move(name), std::nullopt, std::move(done));
  }

  void GetRecords(std::string prefix, RecordsCallback done) override {
    using Records = std::vector<std::pair<std::string, std::string>>;
    if (const auto refused = Refused()) return Refuse<Records>(std::move(done), *refused);
    records_.Read(std::move(prefix), std::move(done));
  }

  void Close() override { CloseAll(); }

  StoreHealth health() const override;
  CassandraHealth cassandra_health() const override;

 private:
  struct Search {
    std::string key;
    std::uint64_t fingerprint;
    SharedGetCallback done;
    bool again = false;  // a part was missing, as when the entry was replaced meanwhile
    KeyMarks marks{};

    void Finish(EntryPtr entry, const KnownMarks& known) const { done({{std::move(entry), known, {}, marks}}); }
  };

  std::optional<Error> Refused() const {
    if (closed_) return StoreClosed().value();
    if (!session_->ready()) return session_->NotReady();
    return std::nullopt;
  }

  template <typename T>
  void Refuse(std::function<void(Result<T>)> done, const Error& error) {
    scheduler_.Post([done = std::move(done), error] { done(Failure(error)); });
  }

  void Find(Search search);
  void OnFound(Search search, std::optional<EntryRow> row);
  void Run(const CassandraWrite& write, CassandraLanes::Finish finish);
  void CloseAll();

  Scheduler& scheduler_;
  const int close_timeout_ms_;
  DamageLog damage_;
  WriteClock clock_;
  std::atomic<bool> closed_{false};
  const std::shared_ptr<CassandraLanes> lanes_;
  const std::shared_ptr<CassandraSession> session_;
  CassandraTables tables_;
  CassandraRecords records_;
  CassandraRegisters registers_;
};

// So many requests that failed in a row say that Cassandra is not reached, though a node may be: no quorum answers.
constexpr std::uint64_t kFailedInARow = 5;

// The newest of the asked definition; else the one that was written last.
std::optional<EntryRow> Chosen(std::vector<EntryRow> rows, std::uint64_t fingerprint) {
  if (rows.empty()) return std::nullopt;
  auto chosen = std::ranges::find(rows, fingerprint, &EntryRow::fingerprint);
  if (chosen == rows.end())
    chosen = std::ranges::max_element(rows, {}, [](const EntryRow& row) { return row.cell.written_us; });
  return std::move(*chosen);
}

void StoreInCassandra::Find(Search search) {
  const std::string key = search.key;
  const std::uint64_t fingerprint = search.fingerprint;
  if (fingerprint == 0) {
    return tables_.ReadSettable(key, std::nullopt,
                                [this, search = std::move(search)](Outcome<std::optional<EntryRow>> row) mutable {
                                  if (!row) return search.done(Failure(std::move(row.error().error)));
                                  OnFound(std::move(search), *std::move(row));
                                });
  }
  tables_.ReadEntries(key, [this, search = std::move(search)](Outcome<KeyRows> found) mutable {
    if (!found) return search.done(Failure(std::move(found.error().error)));
    search.marks = std::move(found->marks);
    std::optional<EntryRow> row = Chosen(std::move(found->rows), search.fingerprint);
    OnFound(std::move(search), std::move(row));
  });
}

void StoreInCassandra::OnFound(Search search, std::optional<EntryRow> row) {
  if (!row || !row->entry) return search.Finish(nullptr, {});
  const KnownMarks known = row->cell.known;
  if (row->cell.chunks == 0) return search.Finish(std::move(row->entry), known);
  const std::string key = search.key;
  tables_.ReadValue(key, *std::move(row), [this, known, search = std::move(search)](Outcome<EntryPtr> entry) mutable {
    if (!entry) return search.done(Failure(std::move(entry.error().error)));
    if (*entry || search.again) return search.Finish(*std::move(entry), known);
    search.again = true;
    Find(std::move(search));
  });
}

void StoreInCassandra::PutShared(std::string key, SharedEntry entry, std::optional<PutCondition> condition,
                                 PutCallback done) {
  if (key.empty()) {
    return Refuse<void>(std::move(done), {ErrorCode::kStoreError, "a key without letters cannot be stored"});
  }
  CassandraWrite write{.key = std::move(key),
                       .entry = std::move(entry.entry),
                       .condition = condition,
                       .done = {},
                       .known = entry.known,
                       .database = std::move(entry.database)};
  write.done.push_back(std::move(done));
  std::optional<Error> refused;
  if (!write.computed()) refused = Refused();
  if (!refused) {
    const Result<void> added = lanes_->Add(write);
    if (added) return;
    refused = added.error();
  }
  Refuse<void>(std::move(write.done.front()), *refused);
}

void StoreInCassandra::Run(const CassandraWrite& write, CassandraLanes::Finish finish) {
  if (session_->ready()) {
    return PutEntry({tables_, scheduler_, clock_},
                    {write.key, write.entry, write.condition, std::move(finish), write.known, write.database});
  }
  scheduler_.Post([finish = std::move(finish), error = session_->NotReady()] {
    finish(tl::unexpected(CassandraFailure{CqlStatus::kUnavailable, error}));
  });
}

void StoreInCassandra::CloseAll() {
  if (closed_.exchange(true)) return;
  lanes_->Finishing();
  records_.AwaitWrites(close_timeout_ms_);
  lanes_->FailAll();
  session_->Close();
}

StoreHealth StoreInCassandra::health() const {
  const CassandraHealth health = cassandra_health();
  return {damage_.count(), 0, health.connected, health.writes_waiting, health.writes_given_up};
}

CassandraHealth StoreInCassandra::cassandra_health() const {
  const CassandraLanes::Waiting waiting = lanes_->waiting();
  const bool ready = session_->ready();
  const CqlCounts counts = ready ? session_->client().counts() : CqlCounts();
  return {counts.nodes_up > 0 && counts.failed_in_a_row < kFailedInARow,
          session_->ready_since_unix_ms(),
          ready ? std::string() : session_->NotReady().message,
          waiting.writes,
          waiting.bytes,
          waiting.given_up};
}

}  // namespace

Result<std::unique_ptr<CassandraStore>> OpenCassandraStore(const CassandraSettings& settings, Scheduler& scheduler,
                                                           const CassandraLimits& limits) {
  if (const Result<void> valid = ValidateCassandra(settings); !valid) return Failure(valid.error());
  return std::make_unique<StoreInCassandra>(settings, scheduler, limits);
}

}  // namespace kck
