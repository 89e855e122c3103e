// The read side: the hot tier, and joining the key's flight where that does not do.
#include "base/log.h"
#include "base/planted_bug.h"
#include "engine/engine_impl.h"
#include "model/product_key.h"

namespace kck {
namespace {

bool ServesStale(const ServedProduct* product) {
  return product == nullptr || product->product->on_stale == OnStale::kServe;
}

}  // namespace

std::optional<Served> Engine::Impl::Peek(std::string_view raw_key) {
  EntryPtr entry = shared_ == nullptr ? hot.Find(raw_key) : FindHot(raw_key);
  if (!entry) return std::nullopt;
  const ServedProduct* product = serving().Find(KeyName(raw_key));
  const std::optional<Freshness> freshness = Judge(*entry, product, scheduler_.Now());
  if (!freshness) return std::nullopt;
  if (entry->kind() == EntryKind::kEmpty && product->product->empty_as == EmptyAs::kError) return std::nullopt;
  if (*freshness != Freshness::kFresh) {
    if (!ServesStale(product)) return std::nullopt;
    ++counters.stale_served;
    Kick(raw_key);
  }
  return Served{std::move(entry), *freshness, ServedFrom::kMemory,
                product == nullptr ? nullptr : product->product->cache_policy};
}

void Engine::Impl::Fetch(ResolvedKey key, TimePoint deadline, FetchCallback done, WriteTokens after, TracePtr trace) {
  auto waiter = std::make_shared<Waiter>();
  waiter->done = std::move(done);
  waiter->after = Relevant(key, std::move(after));
  waiter->trace = std::move(trace);
  if (IsLost(key, *waiter)) return Reply(key, waiter, Failure(TokenLost()));
  if (shared_ != nullptr && !FindHot(key.text)) {
    if (const EntryPtr held = hot.Look(key.text)) {
      return Recheck(key.text, held, [this, key, deadline, waiter] { FetchHeld(key, deadline, waiter); });
    }
  }
  FetchHeld(key, deadline, waiter);
}

void Engine::Impl::FetchHeld(const ResolvedKey& key, TimePoint deadline, const WaiterPtr& waiter) {
  const ServedProduct* product = serving().Find(KeyName(key.text));
  if (EntryPtr entry = hot.Find(key.text)) {
    if (const auto freshness = Judge(*entry, product, scheduler_.Now()); freshness && waiter->Sees(*entry)) {
      Served served{std::move(entry), *freshness};
      if (*freshness == Freshness::kFresh || ServesStale(product)) {
        if (*freshness != Freshness::kFresh) {
          ++counters.stale_served;
          Kick(key.text);
        }
        return Reply(key, waiter, std::move(served));
      }
      waiter->fallback = std::move(served);
      deadline = std::min(deadline, scheduler_.Now() + product->product->wait_max);
    }
  }
  Join(key, 0, deadline, waiter);
}

Result<Served> Engine::Impl::Answer(const ResolvedKey& key, Served served) {
  const bool none =
      served.entry->kind() == EntryKind::kEmpty && key.product && key.product->empty_as == EmptyAs::kError;
  if (none) return Fail(ErrorCode::kKeyNotSet, "the source has no rows for this key");
  if (key.product) served.cache_policy = key.product->cache_policy;
  return served;
}

std::function<void()> Engine::Impl::TakeReply(const ResolvedKey& key, const WaiterPtr& waiter, Result<Served> answer,
                                              Computed computed) {
  if (waiter->answered.exchange(true)) return nullptr;
  if (waiter->timer != 0) scheduler_.Cancel(waiter->timer);
  if (waiter->refreshed) {
    Result<Refreshed> refreshed = Refreshed{};
    if (answer) {
      refreshed = Refreshed{answer->freshness, computed.marked, computed.cost_us};
    } else {
      refreshed = Failure(std::move(answer.error()));
    }
    // What follows from a refresh is more than to take an answer on.
    scheduler_.Post([refreshed = std::move(refreshed), done = std::move(waiter->refreshed)]() mutable {
      done(std::move(refreshed));
    });
    return nullptr;
  }
  if (answer && answer->from == ServedFrom::kFill && waiter->joined) answer->from = ServedFrom::kJoined;
  if (answer) answer = Answer(key, *std::move(answer));
  return [done = std::move(waiter->done), answer = std::move(answer)]() mutable { done(std::move(answer)); };
}

void Engine::Impl::Reply(const ResolvedKey& key, const WaiterPtr& waiter, Result<Served> answer) {
  if (auto reply = TakeReply(key, waiter, std::move(answer), {})) scheduler_.Post(std::move(reply));
}

void Engine::Impl::ReplyNow(const ResolvedKey& key, const WaiterPtr& waiter, Result<Served> answer, Computed computed) {
  if (auto reply = TakeReply(key, waiter, std::move(answer), computed)) reply();
}

// Under the lock of the key's stripe.
void Engine::Impl::Refuse(const ResolvedKey& key, const WaiterPtr& waiter, Error error) {
  if (waiter->fallback && !waiter->wants_new) {
    ++counters.stale_served;
    return Reply(key, waiter, *waiter->fallback);
  }
  Reply(key, waiter, Failure(std::move(error)));
}

// A stale key was read: it is due.
void Engine::Impl::Kick(std::string_view raw_key) {
  if (refresher == nullptr || refresher->CountRead(raw_key)) return;
  Result<ResolvedKey> key = ResolveKey(*serving().catalog, raw_key);
  if (key && key->product) refresher->Want({*std::move(key), RefreshReason::kStaleRead, "", nullptr, 0, nullptr});
}

void Engine::Impl::Join(ResolvedKey key, std::uint64_t after, TimePoint deadline, const WaiterPtr& waiter) {
  // Begun without the lock, which its first step takes.
  if (const FlightPtr begins = JoinOrMake(std::move(key), after, deadline, waiter)) BeginSoon(begins);
}

FlightPtr Engine::Impl::JoinOrMake(ResolvedKey key, std::uint64_t after, TimePoint deadline, const WaiterPtr& waiter) {
  auto& stripe = keys.Of(key.text);
  const std::string text = key.text;
  MutexLock lock(stripe.mutex);
  KeyState& state = stripe.At(text);
  if (!state.flight && state.backoff && !waiter->wants_new && state.backoff->retry_at > scheduler_.Now()) {
    Refuse(key, waiter, state.backoff->error);
    return nullptr;
  }
  const std::size_t waiting = (state.flight ? state.flight->waiters.size() : 0) + state.next_waiters.size();
  if (waiting >= limits_.waiters_per_flight_max) {
    ++counters.overloaded;
    Refuse(key, waiter, {ErrorCode::kOverloaded, "too many requests wait for this key"});
    return nullptr;
  }
  if (deadline != TimePoint::max() && waiter->timer == 0) {
    waiter->timer = scheduler_.At(deadline, [this, key, waiter] { OnDeadline(key, waiter); });
  }
  waiter->joined = IsCurrent(state, key) && !PlantedBug(Bug::kSecondFlight);
  FlightPtr made;
  if (!waiter->joined) {
    made = MakeFlight(stripe, state, std::move(key), {waiter});
  } else if (state.flight->sequence >= after) {
    ++counters.joined;
    state.flight->waiters.push_back(waiter);
  } else {
    ++counters.joined;
    state.next_waiters.push_back(waiter);
    state.next_key = std::move(key);
  }
  stripe.Tidy(text);
  return made;
}

// A flight whose result will not be published, or is of another definition, is nobody's to wait for.
bool Engine::Impl::IsCurrent(const KeyState& state, const ResolvedKey& key) {
  const std::uint64_t fingerprint = key.product ? key.product->fingerprint : 0;
  const std::uint64_t gone_before = key.product ? GoneBefore(key.product->name) : 0;
  return state.flight && state.flight->fingerprint == fingerprint && !state.flight->discarded &&
         state.flight->sequence >= gone_before;
}

std::uint64_t Engine::Impl::GoneBefore(std::string_view name) {
  const ServedProduct* product = serving().Find(name);
  return product != nullptr ? product->marks->gone_before.load() : 0;
}

void Engine::Impl::OnDeadline(const ResolvedKey& key, const WaiterPtr& waiter) {
  MutexLock lock(keys.Of(key.text).mutex);
  Refuse(key, waiter, {ErrorCode::kSourceTimeout, "the value was not ready in time"});
}

void Engine::Impl::BeginSoon(const FlightPtr& flight) {
  scheduler_.Post([this, flight] { Begin(flight); });
}

// Refuses the waiters where the engine stops, or has all the flights that it may have.
FlightPtr Engine::Impl::MakeFlight(KeyTable::Stripe& stripe, KeyState& state, ResolvedKey key,
                                   std::vector<WaiterPtr> waiters) {
  static_cast<void>(stripe);
  if (stopping_ || keys.flights >= limits_.flights_max) {
    ++counters.overloaded;
    for (const WaiterPtr& waiter : waiters) {
      Refuse(key, waiter, {ErrorCode::kOverloaded, "too many values are being computed"});
    }
    return nullptr;
  }
  ++keys.flights;
  auto flight = std::make_shared<Flight>();
  flight->fingerprint = key.product ? key.product->fingerprint : 0;
  flight->key = std::move(key);
  flight->sequence = sequence_.Next();
  flight->made_at = scheduler_.Now();
  if (!waiters.empty()) flight->trace = waiters.front()->trace;
  for (const WaiterPtr& waiter : waiters) flight->hints.Add(waiter->hint);
  flight->waiters = std::move(waiters);
  if (state.flight) state.flight->discarded = true;
  state.flight = flight;
  return flight;
}

}  // namespace kck
