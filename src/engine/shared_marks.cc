// Marks of keys among processes: what one marks, the others hold against what they read.
#include "base/log.h"
#include "engine/engine_impl.h"
#include "model/product_key.h"

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

bool ShowsMarks(const SharedEntry& found, std::string_view database) {
  return found.known.key >= found.marks.number &&
         std::ranges::all_of(found.marks.transactions, [&](const MarkedTransaction& mark) {
           return mark.database != database || Shows(*found.entry, mark);
         });
}

void Engine::Impl::TellMark(const ResolvedKey& key, const KeyChange& change, DoneCallback done) {
  std::optional<MarkedTransaction> transaction;
  if (change.transaction) transaction = {key.product->database, change.epoch, *change.transaction};
  shared_->MarkShared(
      key.text, std::move(transaction),
      [this, text = key.text, sequence = change.sequence, done = std::move(done)](const Result<std::uint64_t>& number) {
        if (!number) return done(Failure(number.error()));
        {
          auto& stripe = keys.Of(text);
          MutexLock lock(stripe.mutex);
          KeyState& state = stripe.At(text);
          LearnNumber(state, *number);
          state.mark.SetNumber(sequence, *number);
          stripe.Tidy(text);
        }
        done({});
      });
}

void Engine::Impl::LearnNumber(KeyState& state, std::uint64_t number) {
  if (number <= state.known_mark) return;
  state.known_mark = number;
  state.known_mark_at = sequence_.Next();
}

void Engine::Impl::LearnMarks(KeyTable::Stripe& stripe, KeyState& state, const std::string& key,
                              const SharedEntry& found) {
  const KeyMarks& marks = found.marks;
  LearnNumber(state, marks.number);
  if (found.entry && found.known.key < marks.number) {
    const Entry& entry = *found.entry;
    const bool held = entry.foreign() ? !state.mark.KnownBy(found.known.key) : state.mark.Stales(entry);
    if (!held) LearnChange(stripe, state, key, {sequence_.Next(), 0, {}, marks.number});
  }
  const ServedProduct* product = serving().Find(KeyName(key));
  if (product == nullptr) return;
  for (const MarkedTransaction& mark : marks.transactions) {
    if (mark.database != product->product->database || state.mark.Has(mark.epoch, mark.id)) continue;
    if (found.entry && Shows(*found.entry, mark)) continue;
    LearnChange(stripe, state, key, {sequence_.Next(), mark.epoch, mark.id});
  }
}

void Engine::Impl::LearnChange(KeyTable::Stripe& stripe, KeyState& state, const std::string& key,
                               const KeyChange& change) {
  if (MayMark(state)) return AddMark(stripe, state, key, change);
  // As many keys are marked as may be: then all of its product are.
  scheduler_.Post([this, name = std::string(KeyName(key)), change] {
    MarkProduct(name, ProductMark::kStale, [](const Result<void>&) {}, change);
  });
}

std::uint64_t Engine::Impl::KnownMark(const KeyState& state, const Entry& entry) {
  return entry.fill_sequence() >= state.known_mark_at ? state.known_mark : 0;
}

std::uint64_t Engine::Impl::KnownMark(const std::string& key, const Entry& entry) {
  auto& stripe = keys.Of(key);
  MutexLock lock(stripe.mutex);
  const KeyState* state = stripe.Find(key);
  return state == nullptr ? 0 : KnownMark(*state, entry);
}

}  // namespace kck
