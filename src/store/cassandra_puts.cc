#include "store/cassandra_puts.h"

#include <algorithm>

#include "store/put_rule.h"

namespace kck {
namespace {

// How a row says "older than this, and gone": its deletion of the rows below its own name bears a time ahead of its
// own.
//
// Rows of one definition are sorted by version, and the first that lives is what is read: so an older row that comes
// late, from a node that read before this write and wrote after it, is behind this one and does no harm, whatever the
// clocks say. But it would come forward when this one's life ends (a purge's does, after minutes). The deletion holds
// it down if it bears a time within the lead: the time that a row bears is taken before the read that it was judged by,
// so to escape, clocks must differ by a minute or a request take one. Who reads after this write sees it, and drops the
// older one. What is past its life stands in nobody's way, so no deletion bears a time after the end of its row's life.
constexpr std::int64_t kDeletionLeadUs = std::int64_t{60} * 1000 * 1000;

// While nodes are given a new definition one by one, entries of both are kept. What is left of the old one is forgotten
// with the first write after that long.
constexpr std::int64_t kDefinitionKeptUs = std::int64_t{24} * 3600 * 1000 * 1000;

// What Cassandra has no part in; trying again does not help.
CassandraFailure Refusal(const Error& error) { return {CqlStatus::kBadRequest, error}; }

CassandraFailure Uncertain(CassandraFailure failure) {
  failure.error.message += "; it may have been written all the same: read it before you try again";
  return failure;
}

bool IsComputed(const Entry& entry) { return entry.kind() == EntryKind::kValue || entry.kind() == EntryKind::kEmpty; }

// Of an entry of a product.
class ProductPut : public std::enable_shared_from_this<ProductPut> {
 public:
  ProductPut(const PutTools& tools, std::string key, EntryPtr entry, std::optional<PutCondition> condition,
             OutcomeCallback<void> done)
      : tools_(tools),
        key_(std::move(key)),
        entry_(std::move(entry)),
        condition_(condition),
        done_(std::move(done)),
        time_us_(tools.clock.Next()) {}

  void Start() {
    tools_.tables.ReadEntries(
        key_, [self = shared_from_this()](Outcome<std::vector<EntryRow>> rows) { self->OnRead(std::move(rows)); });
  }

 private:
  void OnRead(Outcome<std::vector<EntryRow>> rows) {
    if (!rows) return done_(tl::unexpected(std::move(rows.error())));
    const EntryRow* kept = RowOf(*rows, entry_->fingerprint());
    const Result<bool> wins =
        JudgePut(*entry_, kept == nullptr ? nullptr : kept->entry.get(), condition_, tools_.scheduler.Now());
    if (!wins) return done_(tl::unexpected(Refusal(wins.error())));
    if (!*wins) return done_({});
    forgetting_.older_until_us = DeletionTime();
    for (EntryRow& row : *rows) Consider(row);
    cells_ = tools_.tables.CellsFor(*entry_);
    tools_.tables.WriteParts(key_, entry_, cells_, [self = shared_from_this()](Outcome<void> written) {
      if (!written) return self->Fail(std::move(written.error()));
      self->WriteRow();
    });
  }

  std::int64_t DeletionTime() const {
    if (entry_->expires_at() == TimePoint::max()) return time_us_ + kDeletionLeadUs;
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(entry_->expires_at() - tools_.scheduler.Now());
    return time_us_ + std::clamp<std::int64_t>(left.count(), 0, kDeletionLeadUs);
  }

  // A row that goes with this write takes its parts along.
  void Consider(EntryRow& row) {
    const bool same = row.fingerprint == entry_->fingerprint();
    if (!same && row.written_us >= time_us_ - kDefinitionKeptUs) return;
    if (!same) forgetting_.definitions.push_back(row.fingerprint);
    if (row.cells.chunks > 0) replaced_.push_back(std::move(row));
  }

  void WriteRow() {
    tools_.tables.WriteEntry(key_, *entry_, cells_, time_us_, forgetting_,
                             [self = shared_from_this()](Outcome<void> written) {
                               if (!written) return self->Fail(std::move(written.error()));
                               for (const EntryRow& row : self->replaced_) {
                                 self->tools_.tables.ForgetParts(self->key_, row.fingerprint, row.cells);
                               }
                               self->done_({});
                             });
  }

  void Fail(CassandraFailure failure) {
    const bool unclear = failure.status != CqlStatus::kBadRequest && !IsComputed(*entry_);
    done_(tl::unexpected(unclear ? Uncertain(std::move(failure)) : std::move(failure)));
  }

  const PutTools tools_;
  const std::string key_;
  const EntryPtr entry_;
  const std::optional<PutCondition> condition_;
  const OutcomeCallback<void> done_;
  const std::int64_t time_us_;  // before the read: see kDeletionLeadUs
  CassandraTables::Forgetting forgetting_;
  EntryCells cells_;
  std::vector<EntryRow> replaced_;  // that had parts
};

// Of an entry without a product. It reads, judges, and writes on the condition that what it judged is still there; if
// not, it begins again.
class SettablePut : public std::enable_shared_from_this<SettablePut> {
 public:
  SettablePut(const PutTools& tools, std::string key, EntryPtr entry, std::optional<PutCondition> condition,
              OutcomeCallback<void> done)
      : tools_(tools),
        key_(std::move(key)),
        entry_(std::move(entry)),
        condition_(condition),
        done_(std::move(done)),
        cells_(tools.tables.CellsFor(*entry_)) {}

  // The parts first: they are under a name that nobody knows until the row is there.
  void Start() {
    tools_.tables.WriteParts(key_, entry_, cells_, [self = shared_from_this()](Outcome<void> written) {
      if (!written) return self->done_(tl::unexpected(std::move(written.error())));
      self->Read();
    });
  }

 private:
  static constexpr int kAttemptsMax = 32;  // lost to others, each of which got further
  static constexpr int kUnclearMax = 3;

  void Read() {
    tools_.tables.ReadSettable(
        key_, CqlConsistency::kSerial,
        [self = shared_from_this()](Outcome<std::optional<EntryRow>> row) { self->OnRead(std::move(row)); });
  }

  void OnRead(Outcome<std::optional<EntryRow>> row) {
    if (!row) return Abandon(unclear_ ? Uncertain(*std::move(unclear_)) : std::move(row.error()));
    if (unclear_ && *row && (*row)->cells.entry == cells_.entry) return Succeed();
    // After a read at this level, a transaction that was under way is either there or will never be. If others wrote
    // meanwhile, it may have been there in between.
    const std::optional<std::string> there = *row ? std::optional((*row)->cells.entry) : std::nullopt;
    if (unclear_ && there != expected_) return Abandon(Uncertain(*std::move(unclear_)));
    unclear_.reset();
    kept_ = *std::move(row);
    expected_ = there;
    const Result<bool> wins =
        JudgePut(*entry_, kept_ ? kept_->entry.get() : nullptr, condition_, tools_.scheduler.Now());
    if (!wins) return Abandon(Refusal(wins.error()));
    if (!*wins) return Drop();
    tools_.tables.WriteSettable(key_, *entry_, cells_, expected_,
                                [self = shared_from_this()](Outcome<bool> applied) { self->OnWritten(applied); });
  }

  void OnWritten(const Outcome<bool>& applied) {
    if (!applied) {
      if (applied.error().status == CqlStatus::kBadRequest) return Abandon(applied.error());
      if (++unclear_times_ > kUnclearMax) return done_(tl::unexpected(Uncertain(applied.error())));
      unclear_ = applied.error();
      return Read();
    }
    if (*applied) return Succeed();
    if (++attempts_ < kAttemptsMax) return Read();
    Abandon(Refusal({ErrorCode::kOverloaded, "too many nodes write this key at once: try again shortly"}));
  }

  void Succeed() {
    if (kept_) tools_.tables.ForgetParts(key_, 0, kept_->cells);
    done_({});
  }

  void Drop() {
    tools_.tables.ForgetParts(key_, 0, cells_);
    done_({});
  }

  // What is unclear keeps its parts.
  void Abandon(CassandraFailure failure) {
    if (failure.status == CqlStatus::kBadRequest) tools_.tables.ForgetParts(key_, 0, cells_);
    done_(tl::unexpected(std::move(failure)));
  }

  const PutTools tools_;
  const std::string key_;
  const EntryPtr entry_;
  const std::optional<PutCondition> condition_;
  const OutcomeCallback<void> done_;
  const EntryCells cells_;
  int attempts_ = 0;
  int unclear_times_ = 0;
  std::optional<CassandraFailure> unclear_;  // of the last write: whether it happened is not known
  std::optional<EntryRow> kept_;
  std::optional<std::string> expected_;
};

}  // namespace

void PutEntry(const PutTools& tools, const std::string& key, const EntryPtr& entry,
              const std::optional<PutCondition>& condition, OutcomeCallback<void> done) {
  if (entry->fingerprint() == 0) {
    return std::make_shared<SettablePut>(tools, key, entry, condition, std::move(done))->Start();
  }
  std::make_shared<ProductPut>(tools, key, entry, condition, std::move(done))->Start();
}

}  // namespace kck
