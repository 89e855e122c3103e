// Marks of keys among processes: what one marks, the others hold against what they read.
//
// What another process has marked is not remembered beside the key: it lies in the store with the entry and comes with
// every look at it. Only a flight keeps what was read while it was under way, since its fill began before.
#include "engine/engine_impl.h"

namespace kck {
namespace {

bool Shows(const Entry& entry, const MarkedTransaction& mark) {
  // By version alone where there is no stamp: what somebody set takes along the marks that were there before it, and
  // what was computed from a source without stamps is of another definition.
  if (!entry.stamp()) return entry.kind() == EntryKind::kValue || entry.kind() == EntryKind::kEmpty;
  // A newer history begins with what is left of the older one.
  if (entry.version().epoch != mark.epoch) return entry.version().epoch > mark.epoch;
  return entry.stamp()->Sees(mark.id);
}

}  // namespace

bool ShowsMarks(const Entry& entry, std::uint64_t known, const KeyMarks& marks, std::string_view database) {
  return known >= marks.number && std::ranges::all_of(marks.transactions, [&](const MarkedTransaction& mark) {
           return mark.database != database || Shows(entry, mark);
         });
}

void LearnMarks(Flight& flight, const KeyMarks& read) {
  flight.marks.number = std::max(flight.marks.number, read.number);
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
