// Refreshes by time: `every`, `cron` and `fresh`.
#include <algorithm>

#include "base/log.h"
#include "model/product_key.h"
#include "refresh/worker_state.h"

namespace kck {
namespace {

// A value is refreshed at this part of its target, so that a refresh that has to wait a little still meets it.
constexpr double kFreshPart = 0.7;

std::string BookRecord(std::string_view key) { return std::string(RefreshWorker::kBookPrefix) + std::string(key); }

bool HasSchedule(const Product& product) { return product.refresh.schedule || product.refresh.fresh; }

}  // namespace

void RefreshWorker::RestoreBook(std::vector<std::pair<std::string, std::string>> records) {
  const CatalogPtr catalog = engine_.catalog();
  MutexLock lock(mutex_);
  for (const auto& [record, value] : records) {
    Result<ResolvedKey> key = ResolveKey(*catalog, std::string_view(record).substr(kBookPrefix.size()));
    if (!key || !key->product || !HasSchedule(*key->product)) {
      store_.DeleteRecord(record, [](const Result<void>&) {});
      continue;
    }
    // What the store holds of it comes into memory, and tells when it is due.
    book_.Set(*key, TimePoint::max());
    Add({*std::move(key), RefreshReason::kSchedule, "", nullptr, 0, nullptr});
  }
}

void RefreshWorker::Kept(const ResolvedKey& key, const EntryPtr& entry, const EntryPtr& before, bool computed) {
  const bool scheduled = HasSchedule(*key.product);
  const bool changed = computed && before && before->value() != entry->value();
  // What is computed at boot found no domain where that is not computed on a miss.
  const bool first = computed && !before && key.product->on_miss == OnMiss::kError;
  const bool is_domain = (changed || first) && !engine_.catalog()->ProductsOfDomain(key.product->name).empty();
  if (!scheduled && !is_domain) return;
  MutexLock lock(mutex_);
  if (stopping_) return;
  if (computed) CountFresh(key, before);
  if (scheduled) Schedule(key, *entry);
  if (!is_domain) return;
  for (const ProductPtr& product : engine_.catalog()->ProductsOfDomain(key.product->name)) {
    if (product->refresh.domain_key != key.text) continue;
    if (!before) {
      if (product->refresh.on_boot) WantProduct(product, RefreshReason::kDomain, key.text);
      continue;
    }
    scheduler_.Post([this, product, entry, before] { PrimeNewMembers(product, entry, before); });
  }
}

void RefreshWorker::CountFresh(const ResolvedKey& key, const EntryPtr& before) {
  if (!key.product->refresh.fresh || !before) return;
  ProductState& state = StateOf(*key.product);
  const bool met = scheduler_.Now() - before->as_of() <= *key.product->refresh.fresh;
  ++(met ? state.fresh_met : state.fresh_missed);
}

void RefreshWorker::Schedule(const ResolvedKey& key, const Entry& entry) {
  if (const auto due = DueAfter(*key.product, entry.as_of(), scheduler_.Now())) EnterBook(key, *due);
}

std::optional<TimePoint> RefreshWorker::DueAfter(const Product& product, TimePoint as_of, TimePoint completed) {
  const RefreshRules& rules = product.refresh;
  std::optional<TimePoint> due;
  if (rules.schedule) {
    const TimePoint now = scheduler_.Now();
    const std::int64_t unix_now = scheduler_.UnixMillis();
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - std::min(as_of, completed)).count();
    // An entry that came from the store was computed some time ago.
    const double random = std::uniform_real_distribution<>(0, 1)(random_);
    if (const auto next = rules.schedule->NextAfter(unix_now - age, random)) {
      due = now + std::chrono::milliseconds(*next - unix_now);
    }
  }
  if (rules.fresh) {
    const auto cost = std::chrono::duration<double, std::micro>(StateOf(product).key_us);
    const auto life = std::chrono::duration_cast<Duration>(*rules.fresh * kFreshPart - cost);
    const TimePoint by_target = as_of + std::max<Duration>(life, std::chrono::milliseconds(1));
    due = due ? std::min(*due, by_target) : by_target;
  }
  return due;
}

void RefreshWorker::EnterBook(const ResolvedKey& key, TimePoint due) {
  if (book_.Set(key, due) == ScheduleBook::Entered::kNew) {
    store_.PutRecord(BookRecord(key.text), "", [](const Result<void>& written) {
      if (!written) LogWarning("a schedule is not stored: {}", written.error().message);
    });
  }
  WakeAt(due);
}

void RefreshWorker::LeaveBook(const std::string& key) {
  book_.Remove(key);
  store_.DeleteRecord(BookRecord(key), [](const Result<void>&) {});
}

void RefreshWorker::RunBook() {
  const TimePoint now = scheduler_.Now();
  const CatalogPtr catalog = engine_.catalog();
  for (const ResolvedKey& due : book_.TakeDue(now)) {
    Result<ResolvedKey> key = ResolveKey(*catalog, due.text);
    if (!key || !key->product || !HasSchedule(*key->product)) {
      LeaveBook(due.text);
      continue;
    }
    const std::optional<KeyUse> use = engine_.TakeUse(due.text);
    if (!book_.Note(due.text, use && use->used, limits_.unread_periods_max)) {
      LeaveBook(due.text);
      continue;
    }
    Add({*std::move(key), RefreshReason::kSchedule, "", nullptr, engine_.NextSequence(), nullptr});
  }
  if (const auto next = book_.next()) WakeAt(*next);
}

}  // namespace kck
