// What a change makes due: noted before it can have happened, so that a kill at any moment forgets none of it.
//
// The record of a key's mark stands in the store from before the change until a fill that shows it is in the store. At
// a restart, whatever has a record is stale, and due.
#include "base/log.h"
#include "base/planted_bug.h"
#include "engine/engine_impl.h"

namespace kck {
namespace {

// Ends once all that was begun has ended: then `done` hears whether something failed.
class Parts : public std::enable_shared_from_this<Parts> {
 public:
  explicit Parts(Engine::DoneCallback done) : done_(std::move(done)) {}

  // One more, which ends as it is called.
  Engine::DoneCallback Begin() {
    ++left_;
    return [self = shared_from_this()](const Result<void>& ended) { self->End(ended); };
  }

 private:
  void End(const Result<void>& ended) {
    if (!ended) failed_ = true;
    if (--left_ > 0 || !done_) return;
    if (!failed_) return done_({});
    done_(Fail(ErrorCode::kStoreError, "the store could not note what is due; the server's log says why"));
  }

  Engine::DoneCallback done_;
  std::atomic<std::size_t> left_{0};
  std::atomic<bool> failed_{false};
};

}  // namespace

void Engine::Impl::Foretell(Dues& dues, const DoneCallback& done) {
  const auto records = std::make_shared<Parts>(done);
  const DoneCallback begun = records->Begin();
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
    NoteDue(state, key.text, records->Begin());
    return false;
  });
  for (const ProductPtr& product : dues.products) {
    MutexLock lock(serving_mutex_);
    ++MarksOf(product->name)->foretold;
    store_.PutRecord(ForetoldRecord(product->name), std::string(kDueRecord), records->Begin());
  }
  scheduler_.Post([begun] { begun({}); });
}

void Engine::Impl::Settle(const Dues& foretold, const Dues& due, const KeyChange& change, const Cause& cause) {
  // Before what takes its place is durable, nothing that was foretold goes; where the store refuses that, it stays.
  const auto marks = std::make_shared<Parts>([this, foretold](const Result<void>& marked) {
    if (marked) return Release(foretold);
    LogWarning("the store does not take a mark, so what was due before it stays due: {}", marked.error().message);
  });
  const DoneCallback begun = marks->Begin();
  for (const ResolvedKey& key : due.keys) {
    const bool due_now = MakeDue(key, change, [&] { return marks->Begin(); });
    // Before its mark has a number among processes, a compute would be for nothing.
    const bool wants_number = shared_ != nullptr && !change.transaction;
    if (due_now && !wants_number) Want(key, cause);
    if (shared_ == nullptr) continue;
    TellMark(key, change,
             [this, key, cause, told = marks->Begin(), want = due_now && wants_number](const Result<void>& result) {
               told(result);
               if (want) Want(key, cause);
             });
  }
  for (const ProductPtr& product : due.products) {
    MarkProduct(product->name, ProductMark::kStale, marks->Begin(), change);
    if (refresher != nullptr) refresher->WantProduct(product, cause.reason, cause.text);
  }
  begun({});
}

bool Engine::Impl::MakeDue(const ResolvedKey& key, const KeyChange& change,
                           const std::function<DoneCallback()>& record) {
  {
    auto& stripe = keys.Of(key.text);
    MutexLock lock(stripe.mutex);
    KeyState& state = stripe.At(key.text);
    const EntryPtr entry = hot.Look(key.text);
    KeyMark alone;
    alone.Add(change);
    // Somebody who waited for the change may have had it computed by now.
    const bool shown = entry && !alone.Stales(*entry);
    const bool marks = !shown && MayMark(state);
    if (marks) {
      if (state.foretold == 0) NoteDue(state, key.text, record());
      if (entry || !PlantedBug(Bug::kMarkOfColdKeyForgotten)) AddMark(stripe, state, key.text, change);
    }
    stripe.Tidy(key.text);
    if (shown || marks) return marks;
  }
  MarkProduct(key.product->name, ProductMark::kStale, record(), change);
  return true;
}

void Engine::Impl::Want(const ResolvedKey& key, const Cause& cause) {
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
  for (const ProductPtr& product : foretold.products) ReleaseProduct(product->name);
}

void Engine::Impl::ReleaseProduct(const std::string& name) {
  MutexLock lock(serving_mutex_);
  if (--MarksOf(name)->foretold == 0) store_.DeleteRecord(ForetoldRecord(name), [](auto&&) {});
}

}  // namespace kck
