#include "engine/engine.h"

#include <charconv>

#include "base/log.h"
#include "base/planted_bug.h"
#include "engine/engine_impl.h"
#include "store/records_reader.h"

namespace kck {
namespace {

constexpr auto kSharedStartWait = std::chrono::seconds(5);

std::uint64_t NextGeneration() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

// Reads a number and the blank behind it from the front of `text`.
std::uint64_t TakeNumber(std::string_view& text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const char* stop = std::from_chars(text.data(), end, number).ptr;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + (stop == end ? 0 : 1));
  return number;
}

}  // namespace

Engine::Impl::Impl(Scheduler& scheduler, Store& store, Primer& primer, std::size_t memory_bytes, EngineLimits limits,
                   Writers writers, PythonFunctions* functions)
    : hot(memory_bytes, HotTier::MemoryBytes, store.shared() == nullptr ? nullptr : &scheduler),
      seal(store),
      dependencies(limits.reads_max),
      leases(scheduler, limits.leases, [this](const auto& key, auto done) { LookForLease(key, std::move(done)); }),
      scheduler_(scheduler),
      store_(store),
      shared_(store.shared()),
      pace_(limits.recheck, limits.rechecks_per_second_max),
      primer_(primer),
      limits_(limits),
      writers_(std::move(writers)),
      functions_(functions),
      sequence_(store, static_cast<std::uint64_t>(scheduler.UnixMillis()) * 1000),
      serving_generation_(NextGeneration()),
      serving_(std::make_shared<Serving>()) {}

void Engine::Impl::Start(DoneCallback done) {
  auto on_sequence = [this, done = std::move(done)](Result<void> started) mutable {
    if (!started) return done(std::move(started));
    if (shared_ == nullptr) return RestoreEpochs(std::move(done));
    seal.Start([this, done = std::move(done)](Result<void> sealed) mutable {
      if (!sealed) return done(std::move(sealed));
      RestoreMarks(std::move(done));
    });
  };
  sequence_.Start(std::move(on_sequence));
}

void Engine::Impl::RestoreEpochs(DoneCallback done) {
  auto on_records = [this, done = std::move(done)](auto records) mutable {
    if (!records) return done(Failure(std::move(records.error())));
    for (const auto& [name, value] : *records) {
      MutexLock lock(serving_mutex_);
      HistoryOf(name.substr(DatabaseHistory::kRecordPrefix.size()))->Restore(value);
    }
    RestoreMarks(std::move(done));
  };
  store_.GetRecords(std::string(DatabaseHistory::kRecordPrefix), std::move(on_records));
}

void Engine::Impl::RestoreMarks(DoneCallback done) {
  auto on_away = [done] {
    LogWarning("the store is not reached: values are computed until it is");
    done({});
  };
  auto on_records = [this, done = std::move(done)](auto records, bool late) mutable {
    if (!records) return done(Failure(std::move(records.error())));
    for (const auto& [name, value] : *records) RestoreMark(name, value);
    for (const auto& [name, value] : *records) {
      if (name.starts_with(kForetoldMark)) KeepForetold(name);
    }
    if (shared_ == nullptr) return seal.Start(std::move(done));
    seal.Share([this, late, done] { late ? WantMarked() : done({}); });
  };
  // To wait a little for a store that comes up beside this process spares it computing what is there.
  ReadRecords(store_, scheduler_,
              {std::string(kMarkPrefix), kSharedStartWait, [this] { return !stopping_; }, std::move(on_away),
               std::move(on_records)});
}

void Engine::Impl::RestoreMark(std::string_view name, const std::string& value) {
  std::string_view numbers = value;
  if (name.starts_with(kKeyMark)) {
    const std::string_view key = name.substr(kKeyMark.size());
    auto& stripe = keys.Of(key);
    MutexLock lock(stripe.mutex);
    // All that was computed before this start may miss what the mark was for.
    KeyState& state = stripe.At(key);
    state.noted = true;
    AddMark(stripe, state, std::string(key), {sequence_.Next(), 0, {}});
  } else if (name.starts_with(kReadsMark)) {
    dependencies.Restore(std::string(name.substr(kReadsMark.size())), value);
  } else if (name.starts_with(kForetoldMark)) {
    MutexLock lock(serving_mutex_);
    MarksOf(std::string(name.substr(kForetoldMark.size())))->stale_before = sequence_.Next();
  } else if (name.starts_with(kProductMark)) {
    MutexLock lock(serving_mutex_);
    auto marks = MarksOf(std::string(name.substr(kProductMark.size())));
    marks->stale_before = std::max<std::uint64_t>(marks->stale_before, TakeNumber(numbers));
    marks->gone_before = TakeNumber(numbers);
  }
}

// A change of the product may have come before the last end of the process: its record becomes a mark.
void Engine::Impl::KeepForetold(const std::string& record) {
  const std::string product = record.substr(kForetoldMark.size());
  auto release = [this, product](const Result<void>& marked) {
    if (marked) ReleaseProduct(product);
  };
  std::shared_ptr<ProductMarks> marks;
  {
    MutexLock lock(serving_mutex_);
    marks = MarksOf(product);
    ++marks->foretold;
    if (shared_ == nullptr) return PutProductMark(product, *marks, std::move(release));
  }
  RaiseMark(product, marks, ProductMark::kStale, Refused::kIsTriedAgain, std::move(release));
}

std::shared_ptr<DatabaseHistory> Engine::Impl::HistoryOf(const std::string& database) {
  auto& history = histories_[database];
  if (!history) {
    const auto first_epoch = static_cast<std::uint32_t>(scheduler_.UnixMillis() / 1000);
    history = std::make_shared<DatabaseHistory>(database, store_, first_epoch);
  }
  return history;
}

std::shared_ptr<ProductMarks> Engine::Impl::MarksOf(const std::string& product) {
  auto& marks = marks_[product];
  if (!marks) marks = std::make_shared<ProductMarks>();
  return marks;
}

std::shared_ptr<FillTally> Engine::Impl::TallyOf(const std::string& product) {
  auto& tally = tallies_[product];
  if (!tally) tally = std::make_shared<FillTally>();
  return tally;
}

void Engine::Impl::SetCatalog(CatalogPtr catalog) {
  auto serving = std::make_shared<Serving>();
  MutexLock lock(serving_mutex_);
  for (const ProductPtr& product : catalog->Products()) {
    serving->products.emplace(product->name, ServedProduct{product, MarksOf(product->name),
                                                           HistoryOf(product->database), TallyOf(product->name)});
  }
  if (shared_ != nullptr) {
    for (const auto& [name, product] : serving->products) {
      if (!product.history->known()) product.history->Learn(std::nullopt, [] {});
    }
  }
  serving->catalog = std::move(catalog);
  serving_ = std::move(serving);
  serving_generation_ = NextGeneration();
  // Not before there is a catalog that says what the keys are.
  if (!restored_told_.exchange(true) && !PlantedBug(Bug::kRestoredNotDue)) scheduler_.Post([this] { WantMarked(); });
}

const Serving& Engine::Impl::serving() {
  // A copy a thread, since a hit must not touch a counter that all cores share.
  struct Cached {
    std::uint64_t generation = 0;
    ServingPtr serving;
  };
  thread_local Cached cached;
  if (cached.generation != serving_generation_.load(std::memory_order_acquire)) {
    MutexLock lock(serving_mutex_);
    cached = {serving_generation_, serving_};
  }
  return *cached.serving;
}

void Engine::Impl::CountDown(std::atomic<std::size_t>& counter) {
  std::lock_guard lock(idle_mutex_);
  --counter;
  idle_.notify_all();
}

void Engine::Impl::Stop() {
  stopping_ = true;
  leases.Stop();
  std::unique_lock lock(idle_mutex_.native());
  idle_.wait(lock, [this] { return keys.flights == 0 && keys.writes == 0; });
}

Engine::Engine(Scheduler& scheduler, Store& store, Primer& primer, std::size_t memory_bytes, EngineLimits limits,
               Writers writers, PythonFunctions* functions)
    : impl_(std::make_unique<Impl>(scheduler, store, primer, memory_bytes, limits, std::move(writers), functions)) {}

Engine::~Engine() = default;

void Engine::Start(DoneCallback done) { impl_->Start(std::move(done)); }
void Engine::Stop() { impl_->Stop(); }
void Engine::SetCatalog(CatalogPtr catalog) { impl_->SetCatalog(std::move(catalog)); }
CatalogPtr Engine::catalog() const { return impl_->serving().catalog; }
Result<void> Engine::BeginRead(const ResolvedKey& reader, const std::string& read) {
  return impl_->BeginRead(reader, read);
}
void Engine::EndRead(const ResolvedKey& reader, const std::string& read, const Served* served) {
  impl_->EndRead(reader, read, served);
}
std::optional<Served> Engine::Peek(std::string_view raw_key) { return impl_->Peek(raw_key); }

ProductPtr Engine::FindProduct(std::string_view name) {
  const ServedProduct* served = impl_->serving().Find(name);
  return served == nullptr ? nullptr : served->product;
}

void Engine::Fetch(ResolvedKey key, TimePoint deadline, FetchCallback done, WriteTokens after, TracePtr trace) {
  impl_->Fetch(std::move(key), deadline, std::move(done), std::move(after), std::move(trace));
}

Result<WriteTokens> Engine::OpenTokens(std::string_view list) { return impl_->OpenTokens(list); }

void Engine::RunUpdater(ResolvedWrite write, TimePoint deadline, UpdateCallback done) {
  impl_->RunUpdater(std::move(write), deadline, std::move(done));
}

void Engine::Refresh(ResolvedKey key, HintPtr hint, TimePoint deadline, FetchCallback done) {
  impl_->Refresh(std::move(key), std::move(hint), deadline, std::move(done));
}

void Engine::QueueRefresh(ResolvedKey key, HintPtr hint, DoneCallback done) {
  impl_->QueueRefresh(std::move(key), std::move(hint), std::move(done));
}

void Engine::RefreshBehind(std::vector<RefreshTask> tasks) { impl_->RefreshBehind(std::move(tasks)); }

void Engine::WantMarked() { impl_->WantMarked(); }

std::uint64_t Engine::NextSequence() { return impl_->NextSequence(); }

void Engine::SetRefresher(Refresher* refresher) { impl_->refresher = refresher; }
void Engine::SetHooks(PythonHooks* hooks) { impl_->hooks = hooks; }

std::size_t Engine::storing() const { return impl_->keys.storing; }

std::optional<KeyUse> Engine::UseOf(std::string_view key) const { return impl_->hot.UseOf(key); }

std::optional<KeyUse> Engine::TakeUse(std::string_view key) { return impl_->hot.TakeUse(key); }

void Engine::Set(ResolvedKey key, std::string value, std::optional<Version> condition, WriteCallback done,
                 SetTerms terms) {
  impl_->Set(std::move(key), std::move(value), condition, std::move(done), std::move(terms));
}

void Engine::Lease(ResolvedKey key, LeaseId id, LeaseTerms terms, LeaseCallback done) {
  impl_->Lease(std::move(key), std::move(id), terms, std::move(done));
}

Leases& Engine::leases() { return impl_->leases; }

void Engine::Purge(ResolvedKey key, std::optional<Version> condition, WriteCallback done) {
  impl_->Purge(std::move(key), condition, std::move(done));
}

void Engine::RefreshProduct(std::string_view name, DoneCallback done) { impl_->RefreshProduct(name, std::move(done)); }

void Engine::PurgeProduct(std::string_view name, DoneCallback done) {
  impl_->MarkProduct(name, Impl::ProductMark::kGone, std::move(done));
}

void Engine::Explain(ResolvedKey key, ExplainCallback done) { impl_->Explain(std::move(key), std::move(done)); }

void Engine::SetSlowFill(std::optional<Duration> slow_fill) { impl_->SetSlowFill(slow_fill); }
std::map<std::string, FillCounts> Engine::fill_counts() const { return impl_->CopyFillCounts(); }
const EngineCounters& Engine::counters() const { return impl_->counters; }
std::map<std::string, UpdaterCounts> Engine::updater_counts() const { return impl_->CopyUpdaterCounts(); }
HotTierStats Engine::hot_stats() const { return impl_->hot.Stats(); }
StoreHealth Engine::store_health() const { return impl_->store_health(); }
std::size_t Engine::flights() const { return impl_->keys.flights; }

}  // namespace kck
