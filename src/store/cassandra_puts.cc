#include "store/cassandra_puts.h"

#include <algorithm>

#include "store/cassandra_settable_put.h"
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

constexpr std::int64_t kEndRoundedMs = 2000;

// While nodes are given a new definition one by one, entries of both are kept. What is left of the old one is forgotten
// with the first write after that long.
constexpr std::int64_t kDefinitionKeptUs = std::int64_t{24} * 3600 * 1000 * 1000;

// Of an entry of a product.
class ProductPut : public std::enable_shared_from_this<ProductPut> {
 public:
  ProductPut(const PutTools& tools, EntryPut put) : tools_(tools), put_(std::move(put)), time_us_(tools.clock.Next()) {}

  void Start() {
    tools_.tables.ReadEntries(put_.key,
                              [self = shared_from_this()](Outcome<KeyRows> found) { self->OnRead(std::move(found)); });
  }

 private:
  void OnRead(Outcome<KeyRows> found) {
    if (!found) return put_.done(tl::unexpected(std::move(found.error())));
    const EntryRow* kept = RowOf(found->rows, put_.entry->fingerprint());
    const Result<bool> wins =
        JudgePut(*put_.entry, kept == nullptr ? nullptr : kept->entry.get(), put_.condition, tools_.scheduler.Now());
    if (!wins) return put_.done(tl::unexpected(CassandraFailure::Refusal(wins.error())));
    if (!*wins) return put_.done(DroppedPut(*put_.entry));
    for (EntryRow& row : found->rows) Consider(row);
    for (const MarkedTransaction& mark : found->marks.transactions) Consider(mark);
    cell_ = tools_.tables.CellFor(*put_.entry);
    cell_.written_us = time_us_;
    cell_.known = put_.known;
    // What never ends, and is the first, needs none: nothing that is below it can come forward.
    if (kept != nullptr || put_.entry->expires_at() != TimePoint::max()) forgetting_.older_until_us = DeletionTime();
    tools_.tables.WriteParts(put_.key, put_.entry, cell_, [self = shared_from_this()](Outcome<void> written) {
      if (!written) return self->Fail(written.error());
      self->WriteRow();
    });
  }

  // The end less two seconds: a reader rounds the end of a long life down to the second, twice on its way.
  std::int64_t DeletionTime() const {
    const std::int64_t ahead_us = time_us_ + kDeletionLeadUs;
    const std::int64_t end_ms = EncodedExpiryUnixMs(cell_.entry).value_or(0);
    if (end_ms > ahead_us / 1000) return ahead_us;
    return std::max(time_us_, (end_ms - kEndRoundedMs) * 1000);
  }

  // A row that goes with this write takes its parts along.
  void Consider(EntryRow& row) {
    const bool same = row.fingerprint == put_.entry->fingerprint();
    // What somebody sets or purges is the key, whatever the definition.
    if (!same && IsComputed(*put_.entry) && row.cell.written_us >= time_us_ - kDefinitionKeptUs) return;
    if (!same) forgetting_.definitions.push_back(row.fingerprint);
    if (row.cell.chunks > 0) replaced_.push_back(std::move(row));
  }

  // All that goes, goes as one range, so that what is deleted stays one however often the key is marked. Another
  // database's marks are for entries by another definition.
  void Consider(const MarkedTransaction& mark) {
    if (mark.database != put_.database || !GoesWith(mark, *put_.entry)) return;
    MarkedTransaction end{mark.database, mark.epoch, mark.id + 1};
    auto& before = forgetting_.marks_before;
    if (!before || InOrder(*before) < InOrder(end)) before = std::move(end);
    forgetting_.tells_marks = IsComputed(*put_.entry);
  }

  void WriteRow() {
    tools_.tables.WriteEntry(put_.key, *put_.entry, cell_, forgetting_,
                             [self = shared_from_this()](Outcome<void> written) {
                               if (!written) return self->Fail(written.error());
                               for (const EntryRow& row : self->replaced_) {
                                 self->tools_.tables.ForgetParts(self->put_.key, row.fingerprint, row.cell);
                               }
                               self->put_.done({});
                             });
  }

  void Fail(const CassandraFailure& failure) {
    const bool unclear = failure.status != CqlStatus::kBadRequest && !IsComputed(*put_.entry);
    put_.done(tl::unexpected(unclear ? failure.Unclear() : failure));
  }

  const PutTools tools_;
  const EntryPut put_;
  const std::int64_t time_us_;  // before the read: see kDeletionLeadUs
  EntryTables::Forgetting forgetting_;
  EntryCell cell_;
  std::vector<EntryRow> replaced_;  // that had parts
};

}  // namespace

Outcome<void> DroppedPut(const Entry& entry) {
  if (IsComputed(entry)) return {};
  return tl::unexpected(CassandraFailure::Refusal(SupersededBefore()));
}

void PutEntry(const PutTools& tools, EntryPut put) {
  if (put.entry->fingerprint() == 0) return PutSettable(tools, std::move(put));
  std::make_shared<ProductPut>(tools, std::move(put))->Start();
}

}  // namespace kck
