#include "store/cassandra_settable_put.h"

#include <memory>

#include "store/contention.h"
#include "store/put_rule.h"

namespace kck {
namespace {

// It reads, judges, and writes on the condition that what it judged is still there; if not, it begins again.
class SettablePut : public std::enable_shared_from_this<SettablePut> {
 public:
  SettablePut(const PutTools& tools, EntryPut put)
      : tools_(tools), put_(std::move(put)), cell_(tools.tables.CellFor(*put_.entry)), contention_(tools.scheduler) {}

  // The parts first: they are under a name that nobody knows until the row is there.
  void Start() {
    tools_.tables.WriteParts(put_.key, put_.entry, cell_, [self = shared_from_this()](Outcome<void> written) {
      if (!written) return self->put_.done(tl::unexpected(std::move(written.error())));
      self->Read();
    });
  }

 private:
  static constexpr int kAttemptsMax = 32;  // lost to others, each of which got further
  static constexpr int kUnclearMax = 3;

  void Read() {
    tools_.tables.ReadSettable(
        put_.key, CqlConsistency::kSerial,
        [self = shared_from_this()](Outcome<std::optional<EntryRow>> row) { self->OnRead(std::move(row)); });
  }

  void OnRead(Outcome<std::optional<EntryRow>> row) {
    if (!row) {
      if (row.error().status == CqlStatus::kTimeout && contention_.MayTryAgain()) return Read();
      return Abandon(unclear_ ? unclear_->Unclear() : row.error());
    }
    if (unclear_ && *row && (*row)->packed == PackCell(cell_)) return Succeed();
    // After a read at this level, a transaction that was under way is either there or will never be. If others wrote
    // meanwhile, it may have been there in between.
    const std::optional<std::string> there = *row ? std::optional((*row)->packed) : std::nullopt;
    const bool overwritten = unclear_ && there != expected_;
    if (overwritten && put_.condition) return Abandon(unclear_->Unclear());
    kept_ = *std::move(row);
    expected_ = there;
    if (!put_.condition && HasTaken(kept_)) return Drop();
    const Result<bool> wins =
        JudgePut(*put_.entry, kept_ ? kept_->entry.get() : nullptr, put_.condition, tools_.scheduler.Now());
    if (!wins) return Abandon(CassandraFailure::Refusal(wins.error()));
    // It happened before what is there now, or might as well have: nobody can tell. Where what is there is lower, it
    // did not happen, since that would not have taken its place.
    if (!*wins && overwritten) return BeSuperseded();
    if (!*wins) return Drop();
    unclear_.reset();
    tools_.tables.WriteSettable(put_.key, *put_.entry, cell_, expected_,
                                [self = shared_from_this()](Outcome<bool> applied) { self->OnWritten(applied); });
  }

  // Two processes that saw the same entry give their next ones the same version. It is the first one's: with two
  // contents of one version, each would keep its own.
  bool HasTaken(const std::optional<EntryRow>& row) const {
    return row && row->entry && row->cell.writer != cell_.writer && row->entry->version() == put_.entry->version();
  }

  void OnWritten(const Outcome<bool>& applied) {
    if (!applied) {
      if (applied.error().status == CqlStatus::kBadRequest) return Abandon(applied.error());
      if (++unclear_times_ > kUnclearMax && !contention_.MayTryAgain())
        return put_.done(tl::unexpected(applied.error().Unclear()));
      unclear_ = applied.error();
      return Read();
    }
    if (*applied) return Succeed();
    if (++attempts_ < kAttemptsMax) return Read();
    Abandon(CassandraFailure::Refusal(
        {ErrorCode::kOverloaded, "too many nodes write this key at once: try again shortly"}));
  }

  void Succeed() {
    if (kept_) tools_.tables.ForgetParts(put_.key, 0, kept_->cell);
    put_.done({});
  }

  void BeSuperseded() {
    tools_.tables.ForgetParts(put_.key, 0, cell_);
    put_.done({});
  }

  void Drop() {
    tools_.tables.ForgetParts(put_.key, 0, cell_);
    put_.done(DroppedPut(*put_.entry));
  }

  // What is unclear keeps its parts.
  void Abandon(CassandraFailure failure) {
    if (failure.status == CqlStatus::kBadRequest) tools_.tables.ForgetParts(put_.key, 0, cell_);
    put_.done(tl::unexpected(std::move(failure)));
  }

  const PutTools tools_;
  const EntryPut put_;
  const EntryCell cell_;
  Contention contention_;
  int attempts_ = 0;
  int unclear_times_ = 0;
  std::optional<CassandraFailure> unclear_;  // of the last write: whether it happened is not known
  std::optional<EntryRow> kept_;
  std::optional<std::string> expected_;
};

}  // namespace

void PutSettable(const PutTools& tools, EntryPut put) { std::make_shared<SettablePut>(tools, std::move(put))->Start(); }

}  // namespace kck
