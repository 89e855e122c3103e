// What other processes do to the store: what they put is taken in, and what memory holds is held against it again.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/planted_bug.h"
#include "engine/engine_impl.h"
#include "model/product_key.h"

namespace kck {
namespace {

// A key in use is asked for behind its readers at the first, once. A reader that comes after the second waits for the
// answer. Together they are the interval, so that what is served was the store's within it.
Duration AskBehindFrom(Duration interval) { return interval / 3; }
Duration AskFirstFrom(Duration interval) { return interval * 2 / 3; }

// A mark that the store refused.
constexpr auto kRaiseAgainAfter = std::chrono::seconds(1);

// Others know of a newer history of the database.
bool IsAhead(const EntryPtr& entry, const ServedProduct& product) {
  return entry && entry->stamp() && entry->version().epoch > product.history->epoch();
}

// Of two of one key that the store may have.
bool IsNewer(const Entry& stored, const Entry& held) {
  if (stored.fingerprint() != held.fingerprint()) return true;
  // What was computed before the epoch was known is most likely of the present one.
  if (held.stamp() && stored.stamp() && held.version().epoch == 0) {
    return stored.version().number >= held.version().number;
  }
  if (stored.version() != held.version()) return stored.version() > held.version();
  // Two processes may have given one version to two contents, as of sets at once. What the store has is what counts.
  if (stored.foreign() && stored.kind() == EntryKind::kSet && stored.value() != held.value()) return true;
  // Of one version, each process numbers its own renewals.
  return stored.as_of_unix_ms() > held.as_of_unix_ms();
}

bool IsOwnAndNewer(const Entry& held, const Entry& stored) {
  return !held.foreign() && held.has_content() && held.stale_at() != TimePoint::min() &&
         held.version() > stored.version();
}

}  // namespace

std::string Engine::Impl::NumberName(std::string_view product, ProductMark kind) {
  return fmt::format("{}/{}", kind == ProductMark::kGone ? "gone" : "stale", product);
}

Result<WriteTokens> Engine::Impl::OpenTokens(std::string_view list) {
  Result<WriteTokens> tokens = seal.Open(list);
  if (!tokens) return tokens;
  for (WriteToken& token : *tokens) {
    // Its sequence says nothing here; but what begins from now on began after the write.
    if (token.foreign) token.sequence = sequence_.Next();
  }
  return tokens;
}

EntryPtr Engine::Impl::FindHot(std::string_view key) {
  if (PlantedBug(Bug::kStoreNotAskedAgain)) return hot.Find(key);
  const Duration interval = pace_.interval();
  HotTier::Aged found = hot.FindAged(key, AskBehindFrom(interval), AskFirstFrom(interval));
  if (found.age == HotTier::Age::kOld) return nullptr;
  if (found.age == HotTier::Age::kDue) Recheck(std::string(key), found.entry, [] {});
  return std::move(found.entry);
}

// Those who come meanwhile have the same answer.
void Engine::Impl::Recheck(const std::string& key, const EntryPtr& held, std::function<void()> then) {
  auto& stripe = keys.Of(key);
  {
    MutexLock lock(stripe.mutex);
    auto& rechecking = stripe.At(key).rechecking;
    rechecking.push_back(std::move(then));
    if (rechecking.size() > 1) return;
  }
  pace_.Count(scheduler_.Now());
  ++counters.rechecks;
  // Another process's change of what it was computed from makes it due as it is met (OnForeignChange).
  for (const std::string& read : dependencies.ReadsOf(key)) {
    if (const EntryPtr read_held = hot.Look(read)) Recheck(read, read_held, [] {});
  }
  GetShared(key, held->fingerprint(), [this, key, held](const Result<SharedEntry>& found) {
    if (found) {
      Receive(key, held, *found);
    } else {
      // What memory holds is what there is.
      hot.Confirm(key);
    }
    std::vector<std::function<void()>> rechecking;
    {
      auto& of_key = keys.Of(key);
      MutexLock lock(of_key.mutex);
      rechecking.swap(of_key.At(key).rechecking);
      of_key.Tidy(key);
    }
    for (const auto& done : rechecking) done();
  });
}

void Engine::Impl::GetShared(const std::string& key, std::uint64_t fingerprint, SharedStore::SharedGetCallback done) {
  const ServedProduct* product = serving().Find(KeyName(key));
  if (product == nullptr || scheduler_.Now() - product->marks->asked_at.load() < AskBehindFrom(pace_.interval())) {
    return shared_->GetShared(key, fingerprint, std::move(done));
  }
  auto on_asked = [this, key, fingerprint, done = std::move(done)](const Result<void>& asked) {
    // An entry without the marks that may hold for it is of no use.
    if (!asked) return done(Failure(asked.error()));
    shared_->GetShared(key, fingerprint, done);
  };
  const auto marks = product->marks;
  {
    MutexLock lock(marks->asking_mutex);
    marks->asking.push_back(std::move(on_asked));
    if (marks->asking.size() > 1) return;
  }
  AskForMarks(std::string(KeyName(key)), marks, [marks](const Result<void>& asked) {
    std::vector<std::function<void(const Result<void>&)>> asking;
    {
      MutexLock lock(marks->asking_mutex);
      asking.swap(marks->asking);
    }
    for (const auto& then : asking) then(asked);
  });
}

void Engine::Impl::AskShared(const FlightPtr& flight) {
  GetShared(flight->key.text, flight->fingerprint,
            [this, flight](const Result<SharedEntry>& found) { OnShared(flight, found); });
}

// A fill that begins before it knows the epoch is for nothing.
void Engine::Impl::OnShared(const FlightPtr& flight, const Result<SharedEntry>& found) {
  const ServedProduct* product = serving().Find(KeyName(flight->key.text));
  if (found && product != nullptr && IsAhead(found->entry, *product) && !std::exchange(flight->asked_epoch, true)) {
    return product->history->Learn(std::nullopt, [this, flight, found = *found] { OnShared(flight, found); });
  }
  if (found) {
    flight->base = Receive(flight->key.text, flight->base, *found);
    return Consider(flight, true);
  }
  ++counters.store_errors;
  unread_logged_.Warn(scheduler_.Now(), "the store does not answer", found.error().message);
  flight->base_unknown = !flight->base;
  if (!flight->base) return Consider(flight, true);
  hot.Confirm(flight->key.text);
  Consider(flight, false);
}

EntryPtr Engine::Impl::Receive(const std::string& key, const EntryPtr& held, const SharedEntry& found) {
  const EntryPtr stored = TakeIn(found, serving().Find(KeyName(key)));
  EntryPtr now;
  EntryPtr kept;
  {
    auto& stripe = keys.Of(key);
    MutexLock lock(stripe.mutex);
    KeyState& state = stripe.At(key);
    if (state.flight) LearnMarks(*state.flight, found.marks);
    now = hot.Look(key);
    if (state.storing) {
      // On its way to the store: newer than what is there.
      kept = state.storing;
    } else if (now != held || !state.writes.empty()) {
      // What came between is of a later look, or this process's own.
      kept = now ? now : stored;
    } else {
      kept = Admit(state, key, stored, found);
    }
    stripe.Tidy(key);
  }
  if (now && kept && kept->foreign() && kept->version() != now->version()) OnForeignChange(key);
  return kept;
}

EntryPtr Engine::Impl::Admit(KeyState& state, const std::string& key, const EntryPtr& stored,
                             const SharedEntry& found) {
  const EntryPtr now = hot.Look(key);
  if (!stored) return now ? Forget(now) : nullptr;
  if (now && !IsNewer(*stored, *now)) {
    const ServedProduct* product = serving().Find(KeyName(key));
    const std::uint64_t known = std::max(found.known.key, state.mark.KnownTo(*now));
    const bool shows = product == nullptr || ShowsMarks(*now, known, found.marks, product->product->database);
    if (!shows) return KeepStale(now);
    hot.Confirm(key);
    // This process computed it, and its put was lost.
    if (IsOwnAndNewer(*now, *stored)) HandToStore(state, now, known);
    return now;
  }
  // Of a foreign entry this process's sequence does not tell whether it shows what this process has marked.
  const bool marked = state.mark.Stales(*stored) || (stored->foreign() && !state.mark.KnownBy(found.known.key));
  const EntryPtr kept = marked ? MarkedStale(stored) : stored;
  hot.Put(kept);
  // Another process has computed what this one was to.
  if (!state.mark.empty() && !marked) ClearMark(state, key);
  return kept;
}

EntryPtr Engine::Impl::KeepStale(const EntryPtr& entry) {
  EntryPtr stale = MarkedStale(entry);
  hot.Put(stale);
  return stale;
}

// The store has none: it was purged, and its tombstone is gone by now; or it never came to be there. What stays is its
// version, so that no older one that comes late takes its place.
EntryPtr Engine::Impl::Forget(const EntryPtr& entry) {
  EntryFacts facts = entry->facts();
  facts.expires_at = scheduler_.Now() + TombstoneLife();
  EntryPtr blank = Entry::MakeTombstone(entry->key(), facts);
  hot.Put(blank);
  return blank;
}

EntryPtr Engine::Impl::TakeIn(const SharedEntry& found, const ServedProduct* product) {
  const EntryPtr& entry = found.entry;
  if (!entry) return nullptr;
  const bool shows = product == nullptr || ShowsMarks(*entry, found.known.key, found.marks, product->product->database);
  if (!entry->foreign()) return shows ? entry : MarkedStale(entry);
  EntryFacts facts = entry->facts();
  if (!shows) facts.stale_at = TimePoint::min();
  facts.fill_sequence = sequence_.NextAbove(facts.fill_sequence);
  if (product != nullptr) {
    if (IsAhead(entry, *product)) product->history->Learn(std::nullopt, [] {});
    product->history->Meet(facts.version);
    // By the numbers that all processes share: its place in this one's order is above whatever it knows.
    const ProductMarks& marks = *product->marks;
    if (marks.untold_stale > 0 || found.known.product < marks.shared_stale) facts.stale_at = TimePoint::min();
    if (marks.untold_gone > 0 || found.known.product < marks.shared_gone) facts.expires_at = TimePoint::min();
  }
  return Entry::MakeRenewal(entry, facts);
}

void Engine::Impl::AskForMarks(const std::string& name, const std::shared_ptr<ProductMarks>& marks, DoneCallback then) {
  struct Asking {
    DoneCallback then;
    TimePoint began;
    std::atomic<int> left{2};
    std::atomic<bool> failed{false};
  };
  const auto asking = std::make_shared<Asking>(std::move(then), scheduler_.Now());
  for (const ProductMark kind : {ProductMark::kStale, ProductMark::kGone}) {
    shared_->ReadNumber(NumberName(name, kind), [this, marks, kind, asking](const Result<std::uint64_t>& number) {
      if (number) {
        LearnMark(*marks, kind, *number);
      } else {
        asking->failed = true;
      }
      if (--asking->left > 0) return;
      if (!asking->failed) marks->asked_at = asking->began;
      asking->then(asking->failed ? Fail(ErrorCode::kStoreError, "the store does not tell a product's marks")
                                  : Result<void>());
    });
  }
}

// First for what is here, then for what is taken in: so that nothing that began before is put as knowing the mark.
void Engine::Impl::LearnMark(ProductMarks& marks, ProductMark kind, std::uint64_t number) {
  const bool gone = kind == ProductMark::kGone;
  std::atomic<std::uint64_t>& known = gone ? marks.shared_gone : marks.shared_stale;
  MutexLock lock(serving_mutex_);
  if (number <= known) return;
  (gone ? marks.gone_before : marks.stale_before) = sequence_.Next();
  known = number;
}

void Engine::Impl::RaiseMark(const std::string& name, const std::shared_ptr<ProductMarks>& marks, ProductMark kind,
                             Refused refused, DoneCallback done) {
  ++marks->Untold(kind == ProductMark::kGone);
  KeepRaising(name, marks, kind, refused, std::move(done));
}

void Engine::Impl::KeepRaising(const std::string& name, const std::shared_ptr<ProductMarks>& marks, ProductMark kind,
                               Refused refused, DoneCallback done) {
  TryToRaise(name, marks, kind, [this, name, marks, kind, refused, done = std::move(done)](const Result<void>& raised) {
    if (done) done(raised);
    if (raised || refused == Refused::kIsTold) {
      --marks->Untold(kind == ProductMark::kGone);
      return;
    }
    scheduler_.At(scheduler_.Now() + kRaiseAgainAfter, [this, name, marks, kind, refused] {
      if (!stopping_) KeepRaising(name, marks, kind, refused, nullptr);
    });
  });
}

// Above all that is there: whoever began before the change had read no more than that.
void Engine::Impl::TryToRaise(const std::string& name, const std::shared_ptr<ProductMarks>& marks, ProductMark kind,
                              DoneCallback done) {
  AskForMarks(name, marks, [this, name, marks, kind, done = std::move(done)](Result<void> asked) {
    if (!asked) return done(std::move(asked));
    const std::uint64_t number = sequence_.NextAbove(std::max(marks->shared_stale.load(), marks->shared_gone.load()));
    shared_->RaiseNumber(NumberName(name, kind), number, [this, marks, kind, number, done](Result<void> raised) {
      if (raised) LearnMark(*marks, kind, number);
      done(std::move(raised));
    });
  });
}

std::uint64_t Engine::Impl::MarkOf(const Entry& entry) {
  const ServedProduct* product = serving().Find(KeyName(entry.key()));
  if (product == nullptr) return 0;
  const ProductMarks& marks = *product->marks;
  const std::uint64_t known = std::max(marks.shared_stale.load(), marks.shared_gone.load());
  const bool began_before = entry.fill_sequence() < marks.stale_before || entry.fill_sequence() < marks.gone_before;
  return began_before ? 0 : known;
}

void Engine::Impl::PutInStore(const EntryPtr& entry, std::uint64_t known_mark,
                              const std::optional<PutCondition>& condition, Store::PutCallback done) {
  std::string key(entry->key());
  if (shared_ != nullptr) {
    const ServedProduct* product = serving().Find(KeyName(key));
    std::string database = product == nullptr ? "" : product->product->database;
    SharedEntry shared{entry, {MarkOf(*entry), known_mark}, std::move(database), {}};
    return shared_->PutShared(std::move(key), std::move(shared), condition, std::move(done));
  }
  if (condition) return store_.PutIf(std::move(key), entry, *condition, std::move(done));
  store_.Put(std::move(key), entry, std::move(done));
}

}  // namespace kck
