// Refresh: marks first, so that the wish survives, then the flight.
#include <fmt/format.h>

#include "base/log.h"
#include "engine/engine_impl.h"

namespace kck {
namespace {

std::string KeyMarkRecord(std::string_view key) { return fmt::format("mark/key/{}", key); }

}  // namespace

EntryPtr MarkedStale(const EntryPtr& entry) {
  EntryFacts facts = entry->facts();
  facts.stale_at = TimePoint::min();
  return Entry::MakeRenewal(entry, facts);
}

void Engine::Impl::Refresh(ResolvedKey key, TimePoint deadline, FetchCallback done) {
  auto waiter = std::make_shared<Waiter>();
  waiter->done = std::move(done);
  waiter->wants_new = true;
  if (!key.product) {
    return Reply(waiter, Fail(ErrorCode::kUnknownKey, "there is no product of that name to refresh"));
  }
  // The flight begins once the mark is durable: what the answer shows is then never followed by an older value that
  // calls itself fresh, also where this process is killed in between.
  MarkKey(key, [this, key, deadline, waiter](std::uint64_t sequence, const Result<void>& marked) {
    if (!marked) LogWarning("the store does not take a mark: {}", marked.error().message);
    Join(key, sequence, deadline, waiter);
  });
}

void Engine::Impl::QueueRefresh(ResolvedKey key, DoneCallback done) {
  if (!key.product) {
    return scheduler_.Post([done = std::move(done)] {
      done(Fail(ErrorCode::kUnknownKey, "there is no product of that name to refresh"));
    });
  }
  MarkKey(key, [this, key, done = std::move(done)](std::uint64_t sequence, Result<void> marked) {
    auto nobody = std::make_shared<Waiter>();
    nobody->wants_new = true;
    Join(key, sequence, TimePoint::max(), nobody);
    done(std::move(marked));
  });
}

// `done` runs once the mark is durable, or cannot be, with its sequence. Where key marks are at their bound, the whole
// product is marked instead.
void Engine::Impl::MarkKey(const ResolvedKey& key, MarkCallback done) {
  auto& stripe = keys.Of(key.text);
  {
    MutexLock lock(stripe.mutex);
    KeyState& state = stripe.At(key.text);
    if (state.stale_before > 0 || keys.marks < limits_.marks_max) {
      const std::uint64_t sequence = sequence_.Next();
      if (state.stale_before == 0) ++keys.marks;
      state.stale_before = sequence;
      if (const EntryPtr entry = hot.Find(key.text)) hot.Put(MarkedStale(entry));
      return store_.PutRecord(
          KeyMarkRecord(key.text), std::to_string(sequence),
          [sequence, done = std::move(done)](Result<void> marked) { done(sequence, std::move(marked)); });
    }
    stripe.Tidy(key.text);
  }
  MarkProduct(key.product->name, ProductMark::kStale,
              [this, done = std::move(done)](Result<void> marked) { done(sequence_.Next(), std::move(marked)); });
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
