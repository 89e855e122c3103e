// Marks: what is stale whatever its own times say, in memory and as records of the store.
#include <fmt/format.h>

#include "base/log.h"
#include "engine/engine_impl.h"
#include "model/product_key.h"

namespace kck {

std::string KeyMarkRecord(std::string_view key) { return fmt::format("{}{}", kKeyMark, key); }
std::string ForetoldRecord(std::string_view product) { return fmt::format("{}{}", kForetoldMark, product); }

EntryPtr MarkedStale(const EntryPtr& entry) {
  EntryFacts facts = entry->facts();
  facts.stale_at = TimePoint::min();
  return Entry::MakeRenewal(entry, facts);
}

// `done` runs once the mark is durable, or cannot be, with its sequence. Where key marks are at their bound, the whole
// product is marked instead.
void Engine::Impl::MarkKey(const ResolvedKey& key, MarkCallback done) {
  auto& stripe = keys.Of(key.text);
  {
    MutexLock lock(stripe.mutex);
    KeyState& state = stripe.At(key.text);
    if (MayMark(state)) {
      const std::uint64_t sequence = sequence_.Next();
      AddMark(stripe, state, key.text, {sequence, 0, {}});
      auto noted = [this, key, sequence, done = std::move(done)](Result<void> marked) {
        if (shared_ == nullptr || !marked) return done(sequence, std::move(marked));
        // What begins from then on is known to others as begun after it.
        TellMark(key, {sequence, 0, {}}, [this, done](Result<void> told) { done(sequence_.Next(), std::move(told)); });
      };
      return NoteDue(state, key.text, std::move(noted));
    }
    stripe.Tidy(key.text);
  }
  MarkProduct(key.product->name, ProductMark::kStale,
              [this, done = std::move(done)](Result<void> marked) { done(sequence_.Next(), std::move(marked)); });
}

// So that a kill does not forget that the key is due.
void Engine::Impl::NoteDue(KeyState& state, const std::string& key, DoneCallback done) {
  state.noted = true;
  store_.PutRecord(KeyMarkRecord(key), std::string(kDueRecord), std::move(done));
}

void Engine::Impl::AddMark(KeyTable::Stripe& stripe, KeyState& state, const std::string& key, const KeyChange& change) {
  static_cast<void>(stripe);
  if (state.mark.empty()) ++keys.marks;
  state.mark.Add(change);
  const EntryPtr entry = hot.Look(key);
  if (entry && state.mark.Stales(*entry)) hot.Put(MarkedStale(entry));
}

void Engine::Impl::ClearMark(KeyState& state, const std::string& key) {
  state.mark = {};
  --keys.marks;
  ForgetMarkRecord(state, key);
}

void Engine::Impl::ForgetMarkRecord(KeyState& state, const std::string& key) {
  if (!state.mark.empty() || state.foretold > 0 || !std::exchange(state.noted, false)) return;
  store_.DeleteRecord(KeyMarkRecord(key), [](const Result<void>& deleted) {
    // A mark that stays costs one needless refresh after a restart.
    if (!deleted) LogWarning("the store does not forget a mark: {}", deleted.error().message);
  });
}

void Engine::Impl::MarkProduct(std::string_view name, ProductMark mark, DoneCallback done, const KeyChange& change) {
  const ServedProduct* product = serving().Find(name);
  if (product == nullptr) {
    return scheduler_.Post(
        [done = std::move(done)] { done(Fail(ErrorCode::kUnknownKey, "there is no product of that name")); });
  }
  ProductMarks& marks = *product->marks;
  if (change.transaction) marks.Add(change);
  {
    MutexLock lock(serving_mutex_);
    (mark == ProductMark::kGone ? marks.gone_before : marks.stale_before) = sequence_.Next();
    if (shared_ == nullptr) return PutProductMark(name, marks, std::move(done));
  }
  const Refused refused = change.sequence == 0 ? Refused::kIsTold : Refused::kIsTriedAgain;
  RaiseMark(std::string(name), product->marks, mark, refused, std::move(done));
}

void Engine::Impl::RenewMark(std::string_view name, const std::shared_ptr<ProductMarks>& marks) {
  {
    MutexLock lock(serving_mutex_);
    marks->stale_before = sequence_.Next();
    if (shared_ == nullptr) return PutProductMark(name, *marks, [](const Result<void>&) {});
  }
  RaiseMark(std::string(name), marks, ProductMark::kStale, Refused::kIsTriedAgain, nullptr);
}

void Engine::Impl::PutProductMark(std::string_view name, const ProductMarks& marks, DoneCallback done) {
  store_.PutRecord(fmt::format("{}{}", kProductMark, name),
                   fmt::format("{} {}", marks.stale_before.load(), marks.gone_before.load()), std::move(done));
}

void Engine::Impl::WantMarked() {
  if (refresher == nullptr) return;
  const CatalogPtr catalog = serving().catalog;
  for (auto& stripe : keys.stripes()) {
    std::vector<std::string> marked;
    {
      MutexLock lock(stripe.mutex);
      marked = stripe.Marked();
    }
    for (const std::string& text : marked) {
      Result<ResolvedKey> key = ResolveKey(*catalog, text);
      if (key && key->product) {
        if (!refresher->Want({*std::move(key), RefreshReason::kRestored, "", nullptr, 0, nullptr})) return;
        continue;
      }
      // Its product is gone, so that nobody will ever compute it.
      MutexLock lock(stripe.mutex);
      KeyState& state = stripe.At(text);
      if (!state.mark.empty()) ClearMark(state, text);
      stripe.Tidy(text);
    }
  }
}

}  // namespace kck
