// Set and purge: one at a time a key, durable before they are acknowledged, and never undone by a fill under way.
#include "base/planted_bug.h"
#include "engine/engine_impl.h"

namespace kck {
namespace {

constexpr std::size_t kWritesPerKeyMax = 1000;
constexpr int kWriteAttemptsMax = 8;
constexpr auto kMomentWait = std::chrono::seconds(2);

Failure LeaseIsOver() {
  return Fail(ErrorCode::kVersionMismatch,
              "the lease is not held any more: its time was over, or the key was set or purged meanwhile");
}

}  // namespace

void Engine::Impl::Set(ResolvedKey key, std::string value, std::optional<Version> condition, WriteCallback done,
                       SetTerms terms) {
  if (key.product && !key.product->settable) {
    return scheduler_.Post([done = std::move(done)] {
      done(Fail(ErrorCode::kBadRequest, "this product is computed: it takes no value unless it says settable: true"));
    });
  }
  std::optional<Leases::Grant> grant;
  if (terms.lease) {
    grant = leases.BeginPublish(key.text, *terms.lease);
    if (!grant) return scheduler_.Post([done = std::move(done)] { done(LeaseIsOver()); });
  }
  auto make = [this, key, value = std::move(value), terms, grant](const Version& version, std::uint64_t sequence) {
    EntryFacts facts = WriteFacts(key, version, sequence);
    facts.kind = EntryKind::kSet;
    if (grant) {
      // It may be as old as the compute, which is what lives count from.
      facts.as_of = grant->at;
      facts.as_of_unix_ms = grant->at_unix_ms;
    }
    const auto& expires_after = key.product ? key.product->expires_after : terms.expires_after;
    const auto& stale_after = key.product ? key.product->stale_after : terms.stale_after;
    if (expires_after) facts.expires_at = facts.as_of + *expires_after;
    if (stale_after) facts.stale_at = facts.as_of + *stale_after;
    return Entry::Make(key.text, facts, value);
  };
  const auto seen = grant ? grant->seen : std::nullopt;
  Enqueue({std::move(key), condition, std::move(make), std::move(done), std::move(terms.lease), seen});
}

void Engine::Impl::Purge(ResolvedKey key, std::optional<Version> condition, WriteCallback done) {
  auto make = [this, key](const Version& version, std::uint64_t sequence) {
    EntryFacts facts = WriteFacts(key, version, sequence);
    facts.expires_at = facts.as_of + TombstoneLife();
    return Entry::MakeTombstone(key.text, facts);
  };
  Write write{std::move(key), condition, std::move(make), std::move(done)};
  write.purges = true;
  Enqueue(std::move(write));
}

EntryFacts Engine::Impl::WriteFacts(const ResolvedKey& key, const Version& version, std::uint64_t sequence) const {
  EntryFacts facts;
  facts.fingerprint = key.product ? key.product->fingerprint : 0;
  facts.version = version;
  facts.fill_sequence = sequence;
  facts.as_of = scheduler_.Now();
  facts.as_of_unix_ms = scheduler_.UnixMillis();
  return facts;
}

void Engine::Impl::Enqueue(Write write) {
  auto shared = std::make_shared<Write>(std::move(write));
  auto& stripe = keys.Of(shared->key.text);
  MutexLock lock(stripe.mutex);
  KeyState& state = stripe.At(shared->key.text);
  if (stopping_ || state.writes.size() >= kWritesPerKeyMax) {
    ++counters.overloaded;
    stripe.Tidy(shared->key.text);
    if (shared->lease) leases.EndPublish(shared->key.text, *shared->lease);
    return scheduler_.Post(
        [shared] { shared->done(Fail(ErrorCode::kOverloaded, "too many writes wait for this key")); });
  }
  ++keys.writes;
  state.writes.push_back([this, shared] {
    CallBefore(*shared, [this, shared] { ForetellChange(shared, [this, shared] { BeginWrite(shared); }); });
  });
  if (state.writes.size() == 1) scheduler_.Post(state.writes.front());
}

void Engine::Impl::BeginWrite(const std::shared_ptr<Write>& write) {
  if (shared_ != nullptr) return MeetMoment(write, [this, write] { BeginSharedWrite(write); });
  const std::uint64_t fingerprint = write->key.product ? write->key.product->fingerprint : 0;
  if (EntryPtr current = Held(write->key.text)) return ApplyWrite(write, current);
  store_.Get(write->key.text, fingerprint, [this, write](Result<EntryPtr> stored) {
    if (!stored) return FinishWrite(write, nullptr, Failure(std::move(stored.error())));
    ApplyWrite(write, *stored);
  });
}

// Other processes may be computing the key by a newer state of the database than this one has seen. What they read up
// to now is below what is written; where the database does not answer, what is known of it has to do.
void Engine::Impl::MeetMoment(const std::shared_ptr<Write>& write, std::function<void()> then) {
  const ServedProduct* product = write->key.product ? serving().Find(write->key.product->name) : nullptr;
  // What Python computes has no snapshots, of whatever database.
  if (product == nullptr || product->product->function || !product->history->known()) return then();
  const auto history = product->history;
  auto meet = [history, epoch = history->epoch(), floor = history->number_max(),
               then = std::move(then)](const Result<Primed>& moment) {
    if (moment && moment->stamp) history->Judge(*moment, epoch, floor);
    then();
  };
  primer_.ReadMoment(product->product->database, scheduler_.Now() + kMomentWait, std::move(meet));
}

void Engine::Impl::BeginSharedWrite(const std::shared_ptr<Write>& write) {
  const std::uint64_t fingerprint = write->key.product ? write->key.product->fingerprint : 0;
  // What memory holds may be older than what another process put.
  GetShared(write->key.text, fingerprint, [this, write](Result<SharedEntry> found) {
    if (!found) return FinishWrite(write, nullptr, Failure(std::move(found.error())));
    write->known_mark = found->marks.number;
    ApplyWrite(write, TakeIn(*found, write->key.product ? serving().Find(write->key.product->name) : nullptr));
  });
}

void Engine::Impl::ApplyWrite(const std::shared_ptr<Write>& write, const EntryPtr& current) {
  // What this process does between ends the lease; what another one has put is another version than was seen.
  const bool is_other = shared_ != nullptr && current && (!write->seen || current->version() != *write->seen);
  if (write->lease && (is_other || !leases.Publishes(write->key.text, *write->lease))) {
    return FinishWrite(write, nullptr, LeaseIsOver());
  }
  const std::uint64_t sequence = sequence_.Next();
  EntryPtr entry = write->make(NextVersion(write->key, current.get(), sequence), sequence);
  write->equal = PutsNothingNew(*write, current.get(), *entry);
  auto stored = [this, write, entry](Result<void> result) {
    // Another process wrote the key meanwhile: what this one writes comes after that.
    const bool overtaken = !result && result.error().code == ErrorCode::kVersionMismatch && !write->condition;
    if (overtaken && ++write->attempts < kWriteAttemptsMax) return BeginWrite(write);
    FinishWrite(write, entry, std::move(result));
  };
  if (PlantedBug(Bug::kPurgeToldTooSoon)) {
    store_.Put(write->key.text, entry, [](const Result<void>&) {});
    return stored({});
  }
  std::optional<PutCondition> condition;
  if (write->condition) condition = PutCondition{*write->condition};
  PutInStore(entry, write->known_mark, condition, std::move(stored));
}

// Of a key that nothing but writes changes, one after another: fills and other nodes may come between.
bool Engine::Impl::PutsNothingNew(const Write& write, const Entry* current, const Entry& entry) const {
  const bool writes_alone = shared_ == nullptr && !write.key.product;
  return writes_alone && current != nullptr && current->kind() == EntryKind::kSet && entry.kind() == EntryKind::kSet &&
         current->value() == entry.value();
}

// Above the present entry, and above every fill of the database that has completed: those saw less than a fill that
// begins after this write.
Version Engine::Impl::NextVersion(const ResolvedKey& key, const Entry* current, std::uint64_t sequence) {
  const ServedProduct* product = key.product ? serving().Find(key.product->name) : nullptr;
  const bool has_epoch = product != nullptr && !product->product->function && product->history->epoch() != 0;
  DatabaseHistory* history = has_epoch ? product->history.get() : nullptr;
  Version version = history != nullptr ? Version{history->epoch(), history->number_max(), 1} : Version{0, sequence, 0};
  // Its epoch may not be known to this process yet.
  if (current != nullptr && current->version() >= version) {
    version = current->version();
    ++version.sub;
  }
  if (history != nullptr && version.epoch == history->epoch()) {
    version.sub = history->GiveSub(version.number, version.sub);
  }
  return version;
}

void Engine::Impl::FinishWrite(const std::shared_ptr<Write>& write, const EntryPtr& entry, Result<void> stored) {
  {
    auto& stripe = keys.Of(write->key.text);
    MutexLock lock(stripe.mutex);
    KeyState& state = stripe.At(write->key.text);
    if (stored) {
      // A mark that came while it was under way did not find it in memory.
      const bool marked = entry->has_content() && state.mark.Stales(*entry);
      hot.Put(marked ? MarkedStale(entry) : entry);
      state.storing = nullptr;
      // Also one that began while the write was under way: it may have read what the write replaces.
      if (state.flight) state.flight->discarded = true;
      leases.OnWritten(entry, write->lease);
    }
    if (!stored && write->lease) leases.EndPublish(write->key.text, *write->lease);
    state.writes.pop_front();
    if (!state.writes.empty()) scheduler_.Post(state.writes.front());
    stripe.Tidy(write->key.text);
  }
  SettleChange(*write, stored && !write->equal);
  if (stored) {
    TellWritten(*write, *entry);
    write->done(entry->version());
  } else {
    write->done(Failure(std::move(stored.error())));
  }
  CountDown(keys.writes);
}

}  // namespace kck
