// What a change makes due: noted before it can have happened, so that a kill at any moment forgets none of it.
//
// The record of a key's mark stands in the store from before the change until a fill that shows it is in the store. At
// a restart, whatever has a record is stale, and due.
#include "base/log.h"
#include "base/planted_bug.h"
#include "engine/engine_impl.h"

namespace kck {
namespace {

void LogUnmarked(const Result<void>& marked) {
  if (!marked) LogWarning("the store does not take a mark: {}", marked.error().message);
}

}  // namespace

void Engine::Impl::Foretell(Dues& dues, const DoneCallback& done) {
  // How many records are not durable yet, and this call itself.
  struct Pending {
    std::atomic<std::size_t> count{1};
    std::atomic<bool> failed{false};
    DoneCallback done;
  };
  auto pending = std::make_shared<Pending>();
  pending->done = done;
  const auto ended = [pending](const Result<void>& written) {
    if (!written) pending->failed = true;
    if (--pending->count > 0 || !pending->done) return;
    if (!pending->failed) return pending->done({});
    pending->done(Fail(ErrorCode::kStoreError, "the store could not note what is due; the server's log says why"));
  };
  std::erase_if(dues.keys, [&](const ResolvedKey& key) {
    auto& stripe = keys.Of(key.text);
    MutexLock lock(stripe.mutex);
    KeyState& state = stripe.At(key.text);
    if (!MayMark(state)) {
      stripe.Tidy(key.text);
      dues.Add(key.product);
      return true;
    }
    ++state.foretold;
    ++pending->count;
    store_.PutRecord(KeyMarkRecord(key.text), std::string(kDueRecord), ended);
    return false;
  });
  for (const ProductPtr& product : dues.products) {
    MutexLock lock(serving_mutex_);
    ++MarksOf(product->name)->foretold;
    ++pending->count;
    store_.PutRecord(ForetoldRecord(product->name), std::string(kDueRecord), ended);
  }
  scheduler_.Post([ended] { ended({}); });
}

void Engine::Impl::Settle(const Dues& foretold, const Dues& due, const KeyChange& change, const Cause& cause) {
  for (const ResolvedKey& key : due.keys) MakeDue(key, change, cause);
  for (const ProductPtr& product : due.products) {
    MarkProduct(product->name, ProductMark::kStale, LogUnmarked, change);
    if (refresher != nullptr) refresher->WantProduct(product, cause.reason, cause.text);
  }
  Release(foretold);
}

void Engine::Impl::MakeDue(const ResolvedKey& key, const KeyChange& change, const Cause& cause) {
  auto& stripe = keys.Of(key.text);
  bool widened = false;
  {
    MutexLock lock(stripe.mutex);
    KeyState& state = stripe.At(key.text);
    const EntryPtr entry = hot.Look(key.text);
    KeyMark alone;
    alone.Add(change);
    // Somebody who waited for the change may have had it computed by now.
    if (entry && !alone.Stales(*entry)) return stripe.Tidy(key.text);
    widened = !MayMark(state);
    if (!widened) {
      if (state.foretold == 0) {
        store_.PutRecord(KeyMarkRecord(key.text), std::string(kDueRecord), LogUnmarked);
      }
      if (entry || !PlantedBug(Bug::kMarkOfColdKeyForgotten)) AddMark(stripe, state, key.text, change);
    }
    stripe.Tidy(key.text);
  }
  if (widened) MarkProduct(key.product->name, ProductMark::kStale, LogUnmarked, change);
  if (refresher != nullptr) refresher->Want({key, cause.reason, cause.text, cause.hint, 0, nullptr});
}

void Engine::Impl::Release(const Dues& foretold) {
  for (const ResolvedKey& key : foretold.keys) {
    auto& stripe = keys.Of(key.text);
    MutexLock lock(stripe.mutex);
    KeyState& state = stripe.At(key.text);
    --state.foretold;
    ForgetMarkRecord(state, key.text);
    stripe.Tidy(key.text);
  }
  for (const ProductPtr& product : foretold.products) {
    MutexLock lock(serving_mutex_);
    if (--MarksOf(product->name)->foretold == 0) store_.DeleteRecord(ForetoldRecord(product->name), [](auto&&) {});
  }
}

}  // namespace kck
