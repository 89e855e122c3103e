// Marks of keys among processes: what one marks, the others hold against what they read.
//
// What another process has marked is not remembered beside the key: it lies in the store with the entry and comes with
// every look at it. Only a flight keeps what was read while it was under way, since its fill began before.
#include "base/planted_bug.h"
#include "engine/engine_impl.h"

namespace kck {
namespace {

// Of a source without stamps, which transactions say nothing of: their database was another one.
bool HasNoTransactions(const Entry& entry) {
  return !entry.stamp() && (entry.kind() == EntryKind::kValue || entry.kind() == EntryKind::kEmpty);
}

bool Shows(const Entry& entry, const MarkedTransaction& mark) {
  if (HasNoTransactions(entry)) return true;
  // What somebody set took along the marks that were there before it.
  if (!entry.stamp()) return false;
  // A newer history begins with what is left of the older one.
  if (entry.version().epoch != mark.epoch) return entry.version().epoch > mark.epoch;
  return entry.stamp()->Sees(mark.id);
}

// Whether it shows all that was before that transaction.
bool ShowsAllBefore(const Entry& entry, const MarkedTransaction& end) {
  if (HasNoTransactions(entry)) return true;
  if (entry.version().epoch != end.epoch) return entry.version().epoch > end.epoch;
  // What is set has a number that is above all that was seen then, and so above what was forgotten until then.
  return (entry.stamp() ? entry.stamp()->xmin : entry.version().number) >= end.id;
}

}  // namespace

bool ShowsMarks(const Entry& entry, std::uint64_t known, const KeyMarks& marks, std::string_view database) {
  if (PlantedBug(Bug::kMarksOfOthersIgnored)) return true;
  if (known < marks.number) return false;
  const auto& forgotten = marks.forgotten;
  if (forgotten && forgotten->database == database && !ShowsAllBefore(entry, *forgotten)) return false;
  return std::ranges::all_of(marks.transactions, [&](const MarkedTransaction& mark) {
    return mark.database != database || Shows(entry, mark);
  });
}

void LearnMarks(Flight& flight, const KeyMarks& read) {
  flight.marks.number = std::max(flight.marks.number, read.number);
  if (read.forgotten) flight.marks.forgotten = read.forgotten;
  for (const MarkedTransaction& mark : read.transactions) {
    auto& known = flight.marks.transactions;
    if (std::ranges::find(known, mark) == known.end()) known.push_back(mark);
  }
}

void Engine::Impl::TellMark(const ResolvedKey& key, const KeyChange& change, DoneCallback done) {
  std::optional<MarkedTransaction> transaction;
  if (change.transaction) transaction = {key.product->database, change.epoch, *change.transaction};
  auto on_told = [this, text = key.text, sequence = change.sequence,
                  done = std::move(done)](const Result<std::uint64_t>& number) {
    if (!number) return done(Failure(number.error()));
    {
      auto& stripe = keys.Of(text);
      MutexLock lock(stripe.mutex);
      if (KeyState* state = stripe.Find(text)) state->mark.SetNumber(sequence, *number);
    }
    done({});
  };
  shared_->MarkShared(key.text, std::move(transaction), std::move(on_told));
}

}  // namespace kck
