// The key's one flight: what the tiers hold, then the primer.
#include "base/log.h"
#include "base/pause_point.h"
#include "base/planted_bug.h"
#include "engine/engine_impl.h"
#include "model/product_key.h"

namespace kck {
namespace {

// Takes the waiters out of the flight whom `entry` does. Under the lock of the key's stripe.
std::vector<WaiterPtr> TakeServed(Flight& flight, const Entry& entry) {
  auto served = std::ranges::partition(
      flight.waiters, [&entry](const WaiterPtr& waiter) { return waiter->wants_new || !waiter->Sees(entry); });
  std::vector<WaiterPtr> taken(served.begin(), served.end());
  flight.waiters.erase(served.begin(), served.end());
  return taken;
}

}  // namespace

EntryPtr Engine::Impl::Held(const std::string& key) {
  if (EntryPtr entry = hot.Look(key)) return entry;
  auto& stripe = keys.Of(key);
  MutexLock lock(stripe.mutex);
  const KeyState* state = stripe.Find(key);
  return state == nullptr ? nullptr : state->storing;
}

void Engine::Impl::Begin(const FlightPtr& flight) {
  flight->base = Held(flight->key.text);
  if (shared_ != nullptr) return AskShared(flight);
  if (flight->base) return Consider(flight, false);
  store_.Get(flight->key.text, flight->fingerprint,
             [this, flight](Result<EntryPtr> stored) { OnStored(flight, std::move(stored)); });
}

void Engine::Impl::OnStored(const FlightPtr& flight, Result<EntryPtr> stored) {
  if (stored) {
    flight->base = *std::move(stored);
    const ServedProduct* product = flight->base ? serving().Find(KeyName(flight->key.text)) : nullptr;
    if (product != nullptr) product->history->Meet(flight->base->version());
  } else {
    flight->base_unknown = true;
    ++counters.store_errors;
    unread_logged_.Warn(scheduler_.Now(), "the store does not answer", stored.error().message);
  }
  Consider(flight, true);
}

// Serves what the tiers hold where that does, and computes where it does not.
void Engine::Impl::Consider(const FlightPtr& flight, bool from_store) {
  const ServedProduct* product = serving().Find(KeyName(flight->key.text));
  std::optional<Freshness> freshness;
  if (flight->base) freshness = Judge(*flight->base, product, scheduler_.Now());
  bool wished = false;  // somebody asked for a refresh
  bool missed = false;  // somebody has to see a write that the entry does not show
  {
    auto& stripe = keys.Of(flight->key.text);
    MutexLock lock(stripe.mutex);
    KeyState& state = stripe.At(flight->key.text);
    wished = !state.mark.empty() ||
             std::ranges::any_of(flight->waiters, [](const auto& waiter) { return waiter->wants_new; });
    // Of a discarded flight, what replaced its base may have cleared the mark meanwhile.
    const bool stale = freshness && (flight->discarded || state.mark.Stales(*flight->base));
    if (stale && !PlantedBug(Bug::kMarkNotHeldAtRead)) {
      freshness = std::max(*freshness, Freshness::kStale);
      flight->base = MarkedStale(flight->base);
    }
    // It clears the mark, and the store refused it.
    if (freshness == Freshness::kFresh && !from_store && !state.mark.empty() && !state.storing &&
        !flight->base->foreign()) {
      HandToStore(state, flight->base, 0);
    }
    if (freshness) {
      missed = std::ranges::any_of(flight->waiters, [&](const auto& waiter) { return !waiter->Sees(*flight->base); });
    }
    // A set or purge that is under way puts its own entry; a discarded flight may hold what it replaced.
    if (freshness && from_store && !flight->discarded && state.writes.empty()) {
      // Receive has done so, with what others may have put since.
      if (shared_ == nullptr) hot.Put(flight->base);
      if (refresher != nullptr && flight->key.product) refresher->Kept(flight->key, flight->base, nullptr, false);
    }
  }
  if (freshness && from_store) ++counters.store_hits;
  const bool fresh = freshness == Freshness::kFresh;
  const ServedFrom from = from_store ? ServedFrom::kStore : ServedFrom::kMemory;
  if (fresh && !missed) return Finish(flight, Served{flight->base, Freshness::kFresh, from});
  if (product == nullptr || !flight->key.product) {
    // Nobody here computes it; who does asks for a lease.
    if (freshness) return Finish(flight, Served{flight->base, *freshness, from});
    return Finish(flight,
                  Fail(ErrorCode::kUnknownKey, "there is no product of that name, and nothing is set under it"));
  }
  if (!freshness && product->product->on_miss == OnMiss::kError && !wished) {
    return Finish(flight, Fail(ErrorCode::kKeyNotSet, "this product is not computed on a miss"));
  }
  if (fresh) ServeWaiters(flight, Served{flight->base, Freshness::kFresh, from});
  if (freshness && !fresh) ServeStale(flight, Served{flight->base, *freshness, from});
  Compute(flight);
}

void Engine::Impl::ServeWaiters(const FlightPtr& flight, const Served& served) {
  std::vector<WaiterPtr> taken;
  {
    MutexLock lock(keys.Of(flight->key.text).mutex);
    taken = TakeServed(*flight, *served.entry);
  }
  for (const WaiterPtr& waiter : taken) {
    if (served.freshness != Freshness::kFresh) ++counters.stale_served;
    ReplyNow(flight->key, waiter, served, {});
  }
}

// Lets the waiters go whom a stale entry does; under on_stale: wait, once their patience is over.
void Engine::Impl::ServeStale(const FlightPtr& flight, const Served& stale) {
  if (flight->key.product->on_stale == OnStale::kServe) return ServeWaiters(flight, stale);
  MutexLock lock(keys.Of(flight->key.text).mutex);
  const TimePoint until = scheduler_.Now() + flight->key.product->wait_max;
  for (const WaiterPtr& waiter : flight->waiters) {
    if (waiter->wants_new || waiter->fallback || !waiter->Sees(*stale.entry)) continue;
    waiter->fallback = stale;
    scheduler_.At(until, [this, key = flight->key, waiter] { OnDeadline(key, waiter); });
  }
}

void Engine::Impl::Compute(const FlightPtr& flight) {
  const ServedProduct* product = serving().Find(flight->key.product->name);
  if (product == nullptr) return Abandon(flight, {ErrorCode::kUnknownKey, "the product was taken away"});
  const DatabaseHistory& history = *product->history;
  flight->epoch_at_start = history.epoch();
  flight->number_floor = history.number_max();
  const Entry* base = flight->base.get();
  if (base != nullptr && base->stamp() && base->fingerprint() == flight->fingerprint &&
      base->version().epoch == flight->epoch_at_start) {
    flight->number_floor = std::max(flight->number_floor, base->version().number);
  }
  if (shared_ != nullptr) {
    // What the store held was read since the flight began, and has a place in the order by now. This comes after it;
    // but not after the flight that has replaced it.
    MutexLock lock(keys.Of(flight->key.text).mutex);
    if (!flight->discarded) flight->sequence = sequence_.Next();
    flight->known_mark = flight->marks.number;
  }
  flight->compute_began = scheduler_.Now();
  flight->compute_began_unix_ms = scheduler_.UnixMillis();
  ++flight->attempts;
  ++counters.fills;
  const bool behind = flight->group != nullptr;
  auto on_primed = [this, flight, behind](Result<Primed> primed) { OnPrimed(flight, behind, std::move(primed)); };
  if (flight->key.product->hooks) flight->refreshes = behind || IsRefresh(*flight);
  Primer::Request request{flight->key, flight->hints, std::move(on_primed), flight->trace, flight->refreshes};
  if (const auto group = std::exchange(flight->group, nullptr)) return group->Add(std::move(request));
  primer_.Prime(std::move(request), flight->compute_began + limits_.fill_timeout);
}

void Engine::Impl::OnPrimed(const FlightPtr& flight, bool behind, Result<Primed> primed) {
  KCK_PAUSE_POINT("engine.primed");
  NoteFill(*flight, behind, primed);
  if (!primed) return Abandon(flight, std::move(primed.error()));
  counters.fill_cost_us += primed->cost_us;
  flight->cost_us += primed->cost_us;
  const ServedProduct* product = serving().Find(flight->key.product->name);
  if (primed->stamp && product != nullptr && !product->history->known() && !std::exchange(flight->asked_epoch, true)) {
    const auto kept = std::make_shared<Primed>(*std::move(primed));
    return product->history->Learn(kept->identity, [this, flight, kept, history = product->history] {
      // It began when nothing was known: it is held against what is known now.
      flight->epoch_at_start = history->epoch();
      JudgePrimed(flight, std::move(*kept));
    });
  }
  JudgePrimed(flight, *std::move(primed));
}

void Engine::Impl::JudgePrimed(const FlightPtr& flight, Primed primed) {
  constexpr int kAttemptsMax = 3;
  const ServedProduct* product = serving().Find(flight->key.product->name);
  if (primed.stamp && product != nullptr) {
    switch (product->history->Judge(primed, flight->epoch_at_start, flight->number_floor)) {
      case DatabaseHistory::Verdict::kAccepted:
        break;
      case DatabaseHistory::Verdict::kRefused:
        ++counters.discarded;
        if (flight->attempts < kAttemptsMax) return Compute(flight);
        return Abandon(flight, {ErrorCode::kSourceError, "the database keeps changing its history"});
      case DatabaseHistory::Verdict::kFromPast:
        return Abandon(flight, {ErrorCode::kSourceError, "a server of an older timeline answered"});
    }
  }
  Publish(flight, std::move(primed));
}

void Engine::Impl::Abandon(const FlightPtr& flight, Error error) {
  ++counters.fill_errors;
  const ServedProduct* product = serving().Find(KeyName(flight->key.text));
  std::optional<Freshness> freshness;
  if (flight->base) freshness = Judge(*flight->base, product, scheduler_.Now());
  if (error.code != ErrorCode::kOverloaded) {
    auto& stripe = keys.Of(flight->key.text);
    MutexLock lock(stripe.mutex);
    RememberFailure(stripe, stripe.At(flight->key.text), error);
  }
  // What the failed fill was to renew is not fresh, whatever its own clock says.
  if (freshness) ServeWaiters(flight, Served{flight->base, std::max(*freshness, Freshness::kStale)});
  Finish(flight, Failure(std::move(error)));
}

void Engine::Impl::RememberFailure(KeyTable::Stripe& stripe, KeyState& state, Error error) {
  const TimePoint now = scheduler_.Now();
  if (!state.backoff) {
    if (keys.failures >= limits_.failures_max) keys.failures -= stripe.ForgetFailures(now);
    if (keys.failures >= limits_.failures_max) return;
    ++keys.failures;
    state.backoff.emplace();
  }
  Backoff& backoff = *state.backoff;
  const int doublings = std::min(backoff.failures++, 16);
  const auto wait = std::min<Duration>(limits_.backoff_max, limits_.backoff_min * (1 << doublings));
  // Up to a quarter less, so that keys that failed together do not come back together.
  const auto jitter = wait / 4 * static_cast<std::int64_t>(counters.fill_errors % 16) / 16;
  backoff.retry_at = now + wait - jitter;
  // The end of a traceback says where it was; there may be many keys that fail.
  constexpr std::size_t kDetailBytesMax = 2000;
  if (error.detail.size() > kDetailBytesMax) error.detail.erase(0, error.detail.size() - kDetailBytesMax);
  backoff.error = std::move(error);
}

void Engine::Impl::Finish(const FlightPtr& flight, const Result<Served>& outcome) {
  if (const auto group = std::exchange(flight->group, nullptr)) group->Skip();
  std::vector<WaiterPtr> waiters;
  FlightPtr next;
  Computed computed{false, flight->cost_us};
  {
    auto& stripe = keys.Of(flight->key.text);
    MutexLock lock(stripe.mutex);
    KeyState& state = stripe.At(flight->key.text);
    computed.marked = outcome && (flight->missed || state.mark.Stales(*outcome->entry));
    waiters = std::move(flight->waiters);
    flight->waiters.clear();
    // A discarded flight may have been replaced by a newer one, which goes on.
    if (state.flight == flight) state.flight = nullptr;
    if (outcome && state.backoff) {
      state.backoff.reset();
      --keys.failures;
    }
    if (!state.flight && state.next_key) {
      ResolvedKey next_key = *std::move(state.next_key);
      state.next_key.reset();
      next = MakeFlight(stripe, state, std::move(next_key), std::exchange(state.next_waiters, {}));
    }
    stripe.Tidy(flight->key.text);
  }
  if (next) BeginSoon(next);
  if (PlantedBug(Bug::kErrorLeavesWaiters) && !outcome && waiters.size() > 1) waiters.resize(1);
  for (const WaiterPtr& waiter : waiters) {
    if (outcome && !waiter->Sees(*outcome->entry)) {
      AwaitNewer(flight->key, waiter);
    } else {
      ReplyNow(flight->key, waiter, outcome, computed);
    }
  }
  CountDown(keys.flights);
}

std::size_t KeyTable::Stripe::ForgetFailures(TimePoint now) {
  std::size_t forgotten = 0;
  for (auto item = states_.begin(); item != states_.end();) {
    KeyState& state = item->second;
    if (state.backoff && state.backoff->retry_at <= now) {
      state.backoff.reset();
      ++forgotten;
    }
    item = state.idle() ? states_.erase(item) : std::next(item);
  }
  return forgotten;
}

}  // namespace kck
