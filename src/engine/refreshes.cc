// Refreshes: by hand at once, by hand through the queue, and by the queue itself.
#include "base/log.h"
#include "base/planted_bug.h"
#include "engine/engine_impl.h"

namespace kck {
namespace {

// How many flights begin in one step of an engine's thread, so that the requests beside them do not wait long.
constexpr std::size_t kBeginAtOnce = 128;

}  // namespace

void Engine::Impl::Refresh(ResolvedKey key, HintPtr hint, TimePoint deadline, FetchCallback done) {
  auto waiter = std::make_shared<Waiter>();
  waiter->done = std::move(done);
  waiter->wants_new = true;
  waiter->hint = std::move(hint);
  if (!key.product) {
    return Reply(key, waiter, Fail(ErrorCode::kUnknownKey, "there is no product of that name to refresh"));
  }
  // The flight begins once the mark is durable: what the answer shows is then never followed by an older value that
  // calls itself fresh, also where this process is killed in between.
  MarkKey(key, [this, key, deadline, waiter](std::uint64_t sequence, const Result<void>& marked) {
    if (!marked) return Reply(key, waiter, Failure(marked.error()));
    Join(key, sequence, deadline, waiter);
  });
}

void Engine::Impl::QueueRefresh(ResolvedKey key, HintPtr hint, DoneCallback done) {
  if (!key.product) {
    return scheduler_.Post([done = std::move(done)] {
      done(Fail(ErrorCode::kUnknownKey, "there is no product of that name to refresh"));
    });
  }
  if (PlantedBug(Bug::kRefreshToldTooSoon)) {
    scheduler_.Post([done = std::exchange(done, [](const Result<void>&) {})] { done({}); });
  }
  MarkKey(key, [this, key, hint = std::move(hint), done = std::move(done)](std::uint64_t, Result<void> marked) {
    if (refresher != nullptr) refresher->Want({key, RefreshReason::kHand, "", hint, 0, nullptr});
    done(std::move(marked));
  });
}

void Engine::Impl::RefreshBehind(std::vector<RefreshTask> tasks) {
  auto flights = std::make_shared<std::vector<FlightPtr>>();
  for (RefreshTask& task : tasks) {
    if (FlightPtr flight = JoinBehind(std::move(task))) flights->push_back(std::move(flight));
  }
  if (flights->empty()) return;
  const TimePoint deadline = scheduler_.Now() + limits_.fill_timeout;
  const auto group = std::make_shared<FlightGroup>(primer_, flights->size(), deadline);
  for (const FlightPtr& flight : *flights) flight->group = group;
  for (std::size_t from = 0; from < flights->size(); from += kBeginAtOnce) {
    scheduler_.Post([this, flights, from] {
      const std::size_t to = std::min(flights->size(), from + kBeginAtOnce);
      for (std::size_t i = from; i < to; ++i) Begin((*flights)[i]);
    });
  }
}

void Engine::Impl::RefreshProduct(std::string_view name, DoneCallback done) {
  MarkProduct(name, ProductMark::kStale, std::move(done));
  const ServedProduct* product = serving().Find(name);
  if (product != nullptr && refresher != nullptr) refresher->WantProduct(product->product, RefreshReason::kHand, "");
}

// The flight that has to begin for it; null where it waits for another one, or is refused.
FlightPtr Engine::Impl::JoinBehind(RefreshTask task) {
  // What its hints tell, the source may not have.
  const bool augments = !task.hints.all().empty() && HasHook(task.key.product->hooks, Hook::kComputeAugmentedValue);
  if (augments) task.newer_than = sequence_.Next();
  auto& stripe = keys.Of(task.key.text);
  const std::string text = task.key.text;
  auto waiter = std::make_shared<Waiter>();
  waiter->wants_new = true;
  MutexLock lock(stripe.mutex);
  KeyState& state = stripe.At(text);
  FlightPtr flight;
  if (augments && IsCurrent(state, task.key)) {
    // A flight of its own comes after it, with the hints.
    waiter->done = [this, again = std::make_shared<RefreshTask>(std::move(task))](const Result<Served>&) {
      scheduler_.Post([this, again] { RefreshBehind({std::move(*again)}); });
    };
    state.flight->waiters.push_back(waiter);
    return nullptr;
  }
  waiter->refreshed = std::move(task.done);
  waiter->newer_than = task.newer_than;
  if (IsCurrent(state, task.key)) {
    // What a reader's flight brings may do; if a change came after it began, the key is still due then.
    state.flight->waiters.push_back(waiter);
  } else {
    flight = MakeFlight(stripe, state, std::move(task.key), {waiter});
  }
  if (flight) flight->hints.Add(task.hints);
  stripe.Tidy(text);
  return flight;
}

}  // namespace kck
