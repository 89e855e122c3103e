// Refresh: marks first, so that the wish survives, then the flight.
#include <fmt/format.h>

#include "base/log.h"
#include "engine/engine_impl.h"

namespace kck {
namespace {

std::string KeyMarkRecord(std::string_view key) { return fmt::format("mark/key/{}", key); }

}  // namespace

void Engine::Impl::Refresh(ResolvedKey key, TimePoint deadline, FetchCallback done) {
  auto waiter = std::make_shared<Waiter>();
  waiter->done = std::move(done);
  waiter->wants_new = true;
  if (!key.product) {
    return Reply(waiter, Fail(ErrorCode::kUnknownKey, "there is no product of that name to refresh"));
  }
  const std::uint64_t sequence = MarkKey(key, [](const Result<void>& marked) {
    if (!marked) LogWarning("the store does not take a mark: {}", marked.error().message);
  });
  Join(std::move(key), sequence, deadline, waiter);
}

void Engine::Impl::QueueRefresh(ResolvedKey key, DoneCallback done) {
  if (!key.product) {
    return scheduler_.Post([done = std::move(done)] {
      done(Fail(ErrorCode::kUnknownKey, "there is no product of that name to refresh"));
    });
  }
  const std::uint64_t sequence = MarkKey(key, std::move(done));
  auto nobody = std::make_shared<Waiter>();
  nobody->wants_new = true;
  Join(std::move(key), sequence, TimePoint::max(), nobody);
}

// The sequence of the mark. `done` runs once it is durable. Where key marks are at their bound, the whole product is
// marked instead.
std::uint64_t Engine::Impl::MarkKey(const ResolvedKey& key, DoneCallback done) {
  auto& stripe = keys.Of(key.text);
  std::uint64_t sequence = 0;
  bool widened = false;
  {
    MutexLock lock(stripe.mutex);
    sequence = sequence_.Next();
    KeyState& state = stripe.At(key.text);
    widened = state.stale_before == 0 && keys.marks >= limits_.marks_max;
    if (!widened) {
      if (state.stale_before == 0) ++keys.marks;
      state.stale_before = sequence;
      if (EntryPtr entry = hot.Find(key.text)) {
        auto stale = std::make_shared<Entry>(*entry);
        stale->stale_at = TimePoint::min();
        hot.Put(key.text, std::move(stale));
      }
      store_.PutRecord(KeyMarkRecord(key.text), std::to_string(sequence), std::move(done));
    } else {
      stripe.Tidy(key.text);
    }
  }
  if (widened) MarkProduct(key.product->name, ProductMark::kStale, std::move(done));
  return sequence;
}

void Engine::Impl::ClearMark(KeyState& state, const std::string& key) {
  state.stale_before = 0;
  --keys.marks;
  store_.DeleteRecord(KeyMarkRecord(key), [](const Result<void>& deleted) {
    // A mark that stays costs one needless refresh after a restart.
    if (!deleted) LogWarning("the store does not forget a mark: {}", deleted.error().message);
  });
}

void Engine::Impl::MarkProduct(std::string_view name, ProductMark mark, DoneCallback done) {
  const ServedProduct* product = serving().Find(name);
  if (product == nullptr) {
    return scheduler_.Post(
        [done = std::move(done)] { done(Fail(ErrorCode::kUnknownKey, "there is no product of that name")); });
  }
  ProductMarks& marks = *product->marks;
  MutexLock lock(serving_mutex_);
  (mark == ProductMark::kGone ? marks.gone_before : marks.stale_before) = sequence_.Next();
  store_.PutRecord(fmt::format("mark/product/{}", name),
                   fmt::format("{} {}", marks.stale_before.load(), marks.gone_before.load()), std::move(done));
}

}  // namespace kck
