// The one way in for a computed value: held against versions, marks and writes, then into the hot tier and the store.
#include "base/log.h"
#include "base/pause_point.h"
#include "base/planted_bug.h"
#include "engine/engine_impl.h"

namespace kck {
namespace {

// What a fill's version is, before it is known whether the content changed. Sources without snapshots are ordered by
// the sequence at which the compute began.
Version FillVersion(const Flight& flight, const ServedProduct& product, const Primed& primed) {
  if (!primed.stamp) return {0, flight.sequence, 0};
  return {product.history->epoch(), primed.stamp->VersionNumber(), 0};
}

// True where `current` is newer than a fill of this version that began at `sequence`.
bool Outranks(const Entry& current, const Version& fill, std::uint64_t sequence) {
  if (current.version().epoch != fill.epoch) return current.version().epoch > fill.epoch;
  if (current.version().number != fill.number) return current.version().number > fill.number;
  return current.fill_sequence() > sequence;
}

bool SameNumber(const Entry& entry, const Version& version) {
  return entry.version().epoch == version.epoch && entry.version().number == version.number;
}

bool SameContent(const Entry& current, std::uint64_t fingerprint, EntryKind kind, std::string_view value) {
  if (!current.has_content() || current.fingerprint() != fingerprint) return false;
  if ((current.kind() == EntryKind::kEmpty) != (kind == EntryKind::kEmpty)) return false;
  return current.value() == value;
}

// Also where it is another's value that stands: the computing was not spared.
Served AsFilled(Served served) {
  served.from = ServedFrom::kFill;
  return served;
}

TimePoint After(TimePoint from, const std::optional<std::chrono::milliseconds>& life) {
  return life ? from + *life : TimePoint::max();
}

}  // namespace

void Engine::Impl::Publish(const FlightPtr& flight, Primed primed) {
  KCK_PAUSE_POINT("engine.publish");
  const ServedProduct* found = serving().Find(flight->key.product->name);
  if (found == nullptr) return Abandon(flight, {ErrorCode::kUnknownKey, "the product was taken away"});
  const ServedProduct product = *found;  // kept over the calls below, which may see a newer catalog
  KeepReads(*flight, primed);
  const std::string& key = flight->key.text;
  Dues foretold = DuesOfPrime(*serving().catalog, flight->key, dependencies.DependentsNotWaiting(key), &dependencies);
  // Their records come before the entry's in the store's queue, so nobody has to wait for them.
  if (!foretold.empty()) Foretell(foretold, nullptr);
  const Placed placed = Place(flight, product, primed);
  // Once more: whoever began to read it meanwhile may have got what it replaces.
  const std::vector<std::string> readers = dependencies.DependentsOfPrime(key);
  if (placed.published) {
    // What was computed from it is due after another content alone.
    const Dues due = placed.renewed ? DuesOfPrime(*serving().catalog, flight->key, {}, nullptr)
                                    : DuesOfPrime(*serving().catalog, flight->key, readers, &dependencies);
    SettlePrime(foretold, due, *placed.served.entry);
    TellPublished(*flight, *placed.served.entry);
  } else {
    Release(foretold);
  }
  Finish(flight, AsFilled(placed.served));
}

void Engine::Impl::SettlePrime(const Dues& foretold, const Dues& due, const Entry& entry) {
  if (foretold.empty() && due.empty()) return;
  Settle(foretold, due, {sequence_.Next(), 0, {}}, CauseOfPrime(entry));
}

// Puts the fill where it belongs, and says what its waiters get.
Engine::Impl::Placed Engine::Impl::Place(const FlightPtr& flight, const ServedProduct& product, Primed& primed) {
  KCK_PAUSE_POINT("engine.place");
  const std::string& key = flight->key.text;
  auto& stripe = keys.Of(key);
  MutexLock lock(stripe.mutex);
  EntryPtr current = hot.Look(key);
  if (!current) current = flight->base;
  if (!MayPublish(stripe, *flight) && !PlantedBug(Bug::kOlderReplacesNewer)) {
    if (PlantedBug(Bug::kStoreTakesOlder)) {
      store_.Put(key, MakeUnpublished(*flight, product, primed), [](const Result<void>&) {});
    }
    ++counters.discarded;
    flight->missed = true;
    return {{MakeUnpublished(*flight, product, primed), Freshness::kStale}, false};
  }
  const bool comparable = current && current->fingerprint() == flight->fingerprint;
  if (comparable && Outranks(*current, FillVersion(*flight, product, primed), flight->sequence) &&
      !PlantedBug(Bug::kOlderReplacesNewer)) {
    ++counters.discarded;
    const auto freshness = Judge(*current, &product, scheduler_.Now());
    // Of no epoch, it is below all others, and newer all the same for those who asked for it.
    flight->missed = primed.stamp && !product.history->known();
    if (freshness && !flight->missed) return {{current, *freshness}, false};
    return {{MakeUnpublished(*flight, product, primed), Freshness::kStale}, false};
  }
  const EntryPtr made = MakeEntry(*flight, product, primed, current);
  const bool began_before = made->fill_sequence() < product.marks->stale_before;
  flight->missed = began_before || product.marks->Missed(*made);
  // It would pass for fresh, since it began after the mark.
  if (flight->missed && !began_before) RenewMark(flight->key.product->name, product.marks);
  flight->missed |= !ShowsMarks(*made, flight->known_mark, flight->marks, product.product->database);
  const EntryPtr entry = Keep(stripe, *flight, made, current);
  const bool renewed = comparable && SameContent(*current, made->fingerprint(), made->kind(), made->value());
  return {{entry, Judge(*entry, &product, scheduler_.Now()).value_or(Freshness::kStale)}, true, renewed};
}

bool Engine::Impl::MayPublish(KeyTable::Stripe& stripe, const Flight& flight) {
  const KeyState& state = stripe.At(flight.key.text);
  if (flight.discarded || !state.writes.empty()) return false;
  const ServedProduct* now = serving().Find(flight.key.product->name);
  return now != nullptr && now->product->fingerprint == flight.fingerprint &&
         flight.sequence >= now->marks->gone_before;
}

// All but the sub-counter of its version. Takes the stamp out of `primed`.
EntryFacts Engine::Impl::FillFacts(const Flight& flight, const ServedProduct& product, Primed& primed) {
  const Product& rules = *product.product;
  EntryFacts facts;
  facts.kind = primed.empty ? EntryKind::kEmpty : EntryKind::kValue;
  facts.fingerprint = flight.fingerprint;
  facts.version = FillVersion(flight, product, primed);
  facts.fill_sequence = flight.sequence;
  facts.stamp = std::move(primed.stamp);
  facts.as_of_unix_ms = flight.compute_began_unix_ms;
  facts.as_of = flight.compute_began;
  // Lives count from the read of the stamp, which is not before the compute began.
  facts.expires_at = After(facts.as_of, primed.empty ? rules.empty_expires_after : rules.expires_after);
  facts.stale_at = primed.empty ? TimePoint::max() : After(facts.as_of, rules.stale_after);
  facts.cost_us = primed.cost_us;
  return facts;
}

EntryPtr Engine::Impl::MakeEntry(const Flight& flight, const ServedProduct& product, Primed& primed,
                                 const EntryPtr& current) {
  EntryFacts facts = FillFacts(flight, product, primed);
  const bool renewal = current && SameContent(*current, flight.fingerprint, facts.kind, primed.value);
  const bool same_number = current && SameNumber(*current, facts.version);
  if (same_number && renewal) {
    facts.version.sub = current->version().sub;
  } else if (facts.stamp) {
    std::uint32_t least = same_number ? current->version().sub + 1 : 0;
    // Above what the store may hold, or it would not take the entry: more than anybody can have counted to.
    if (flight.base_unknown && !same_number) least = static_cast<std::uint32_t>(facts.as_of_unix_ms / 1000);
    facts.version.sub = product.history->GiveSub(facts.version.number, least);
  }
  if (!renewal) return Entry::Make(flight.key.text, facts, primed.value);
  ++counters.renewals;
  return Entry::MakeRenewal(current, facts);
}

// For those alone who waited for a fill that is thrown away. Its version is not below what they may have seen, which is
// the flight's base, nor above what is published meanwhile, if that names no two contents by one version.
EntryPtr Engine::Impl::MakeUnpublished(const Flight& flight, const ServedProduct& product, Primed& primed) {
  EntryFacts facts = FillFacts(flight, product, primed);
  const Entry* base = flight.base.get();
  if (base != nullptr && SameNumber(*base, facts.version)) {
    facts.version.sub = base->version().sub;
    const bool another = base->has_content() && !SameContent(*base, flight.fingerprint, facts.kind, primed.value);
    if (another && facts.stamp) {
      facts.version.sub = product.history->GiveSub(facts.version.number, facts.version.sub + 1);
    }
  }
  return Entry::Make(flight.key.text, facts, primed.value);
}

// What the hot tier has of it now: where a mark is newer than the fill, that is stale.
EntryPtr Engine::Impl::Keep(KeyTable::Stripe& stripe, const Flight& flight, const EntryPtr& entry,
                            const EntryPtr& before) {
  const std::string& key = flight.key.text;
  KeyState& state = stripe.At(key);
  const bool shows = ShowsMarks(*entry, flight.known_mark, flight.marks, flight.key.product->database);
  const bool marked = (state.mark.Stales(*entry) || !shows) && !PlantedBug(Bug::kMarkNotHeldAtPublish);
  const EntryPtr kept = marked ? MarkedStale(entry) : entry;
  hot.Put(kept);
  if (PlantedBug(Bug::kRecordGoesFirst) && !marked && !state.mark.empty()) ClearMark(state, key);
  // The store gets the entry without the mark: marks are records of their own there, held against what is read.
  HandToStore(state, entry, flight.known_mark);
  if (PlantedBug(Bug::kMarkClearedUnseen) && marked) ClearMark(state, key);
  if (refresher != nullptr) refresher->Kept(flight.key, kept, before, true);
  return kept;
}

void Engine::Impl::HandToStore(KeyState& state, const EntryPtr& entry, std::uint64_t known_mark) {
  if (!IsShareable(*entry)) return;
  state.storing = entry;
  ++keys.storing;
  PutInStore(entry, known_mark, std::nullopt, [this, entry](const Result<void>& stored) { OnKept(entry, stored); });
}

// What was computed before the store told the epoch is for this process alone.
bool Engine::Impl::IsShareable(const Entry& entry) const {
  return shared_ == nullptr || !entry.stamp() || entry.version().epoch != 0;
}

// A mark stays until an entry that clears it is in the store: if none comes to be there, the older entry is all that a
// restart finds.
void Engine::Impl::OnKept(const EntryPtr& entry, const Result<void>& stored) {
  if (!stored) {
    ++counters.store_errors;
    unstored_logged_.Warn(scheduler_.Now(), "the store does not take an entry", stored.error().message);
  }
  --keys.storing;
  const std::string key(entry->key());
  auto& stripe = keys.Of(key);
  MutexLock lock(stripe.mutex);
  KeyState& state = stripe.At(key);
  if (state.storing == entry) state.storing = nullptr;
  if (stored && !state.mark.empty() && !state.mark.Stales(*entry)) ClearMark(state, key);
  stripe.Tidy(key);
}

}  // namespace kck
