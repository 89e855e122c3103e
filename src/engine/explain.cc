// Why a key is as it is: what people are told. Nothing here changes what it tells of.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/engine_impl.h"
#include "model/product_key.h"

namespace kck {
namespace {

using Sentences = std::vector<std::string>;

// When the entry is stale by its own age. A mark has put that to the beginning of its life in memory, where the
// product still knows.
TimePoint StaleAt(const Entry& entry, const ServedProduct* product) {
  if (entry.stale_at() > entry.as_of()) return entry.stale_at();
  const bool ages = product != nullptr && product->product->stale_after && entry.kind() != EntryKind::kEmpty;
  if (!ages) return TimePoint::max();
  return entry.as_of() + *product->product->stale_after;
}

std::optional<Duration> Until(TimePoint end, TimePoint now) {
  return end == TimePoint::max() ? std::nullopt : std::optional(end - now);
}

std::string MarkText(const KeyMark& mark, const Entry& entry) {
  const std::vector<std::uint64_t> unseen = mark.Unseen(entry);
  if (!unseen.empty()) {
    return fmt::format("it is marked stale: its snapshot does not see transaction {}", fmt::join(unseen, ", "));
  }
  return fmt::format(
      "it is marked stale: its computation began before the latest change (sequence {}, and {} of the change)",
      entry.fill_sequence(), mark.last_sequence());
}

// Why there is nothing to serve at once, though there is an entry.
std::string WhyNotServed(const Entry& entry, const ServedProduct* product, TimePoint now) {
  if (entry.kind() == EntryKind::kTombstone) return "it was purged";
  if (entry.expires_at() <= now) return "it is past its life, and is never served again";
  if (product == nullptr) return "its product is not among the definitions any more";
  if (entry.fingerprint() == 0) return "it was set under this name before a product had the name";
  return "its whole product was purged after it was computed";
}

constexpr std::string_view kPastSoftAge = "it is past its soft age, stale_seconds";

void SayWhyNotFresh(const Entry& entry, const ServedProduct& product, TimePoint now, Sentences& why) {
  const std::uint32_t epoch = product.history->epoch();
  if (entry.stamp() && entry.version().epoch < epoch) {
    why.push_back(
        fmt::format("its database has another history since (epoch {}, and {} now): what it missed cannot be known",
                    entry.version().epoch, epoch));
  }
  if (entry.fingerprint() != product.product->fingerprint) {
    why.emplace_back("it was computed by another definition of its product");
  }
  if (entry.fill_sequence() < product.marks->stale_before) {
    why.emplace_back("its whole product was marked stale after it was computed");
  }
  if (StaleAt(entry, &product) <= now) why.emplace_back(kPastSoftAge);
}

void SayWhatItIs(const Entry& entry, const ServedProduct* product, Sentences& why) {
  if (entry.kind() == EntryKind::kSet) {
    why.emplace_back(product == nullptr ? "it was set, and stands until it is set again or purged"
                                        : "it was set, and stands until a computation that begins after that");
  }
  if (entry.kind() != EntryKind::kEmpty || product == nullptr) return;
  why.emplace_back(product->product->empty_as == EmptyAs::kError
                       ? "the source had no rows for it, which its product answers as an error"
                       : "the source had no rows for it");
}

void SayWhyNone(const ServedProduct* product, Sentences& why) {
  if (product == nullptr) {
    why.emplace_back("there is no product of that name, and nothing is set under it");
    return;
  }
  why.emplace_back("there is no entry: it was never computed, or its life is over");
  if (product->product->on_miss == OnMiss::kError) {
    why.emplace_back("its product is not computed on a miss (on_miss: error)");
  }
}

void SayOfEntry(const Entry& entry, const ServedProduct* product, TimePoint now, KeyReport& report) {
  report.age = std::max(Duration::zero(), now - entry.as_of());
  report.stale_in = Until(StaleAt(entry, product), now);
  report.expires_in = Until(entry.expires_at(), now);
  report.freshness = Judge(entry, product, now);
  SayWhatItIs(entry, product, report.why);
  if (!report.freshness) report.why.push_back(WhyNotServed(entry, product, now));
  if (report.freshness && product != nullptr) SayWhyNotFresh(entry, *product, now, report.why);
  if (report.freshness == Freshness::kStale && product == nullptr) report.why.emplace_back(kPastSoftAge);
}

// What is known of the key beside its entry. Under the lock of the key's stripe.
void SayOfState(const KeyState& state, TimePoint now, KeyReport& report) {
  if (report.freshness && state.mark.Stales(*report.entry)) {
    report.freshness = std::max(*report.freshness, Freshness::kStale);
    report.why.insert(report.why.begin(), MarkText(state.mark, *report.entry));
  }
  if (state.flight) {
    report.compute = {now - state.flight->made_at, state.flight->waiters.size() + state.next_waiters.size()};
  }
  if (state.backoff) {
    report.failures = {state.backoff->error, state.backoff->failures,
                       std::max(Duration::zero(), state.backoff->retry_at - now)};
  }
}

}  // namespace

std::string_view KeyPlaceName(KeyPlace place) {
  switch (place) {
    case KeyPlace::kMemory:
      return "memory";
    case KeyPlace::kStore:
      return "store";
    case KeyPlace::kNone:
      return "none";
  }
  return "none";
}

std::string_view EntryKindName(EntryKind kind) {
  switch (kind) {
    case EntryKind::kValue:
      return "value";
    case EntryKind::kEmpty:
      return "empty";
    case EntryKind::kSet:
      return "set";
    case EntryKind::kTombstone:
      return "tombstone";
  }
  return "";
}

void Engine::Impl::Explain(ResolvedKey key, ExplainCallback done) {
  if (hot.Look(key.text)) {
    return scheduler_.Post([this, key = std::move(key), done = std::move(done)] { done(ReportOf(key, nullptr)); });
  }
  const std::uint64_t fingerprint = key.product ? key.product->fingerprint : 0;
  const std::string text = key.text;
  auto tell = [this, key = std::move(key), done = std::move(done)](const Result<EntryPtr>& stored) {
    KeyReport report = ReportOf(key, stored ? *stored : nullptr);
    if (!stored) report.why.emplace_back("the store does not answer, so that it may hold one");
    done(report);
  };
  if (shared_ == nullptr) return store_.Get(text, fingerprint, std::move(tell));
  GetShared(text, fingerprint, [this, text, tell = std::move(tell)](Result<SharedEntry> found) {
    if (!found) return tell(Failure(std::move(found.error())));
    tell(TakeIn(*found, serving().Find(KeyName(text))));
  });
}

// Of one moment, under the key's lock: what memory holds, or else `stored`.
KeyReport Engine::Impl::ReportOf(const ResolvedKey& key, EntryPtr stored) {
  const ServedProduct* product = serving().Find(KeyName(key.text));
  auto& stripe = keys.Of(key.text);
  MutexLock lock(stripe.mutex);
  const TimePoint now = scheduler_.Now();
  KeyReport report;
  report.key = key.text;
  report.has_product = product != nullptr;
  report.entry = hot.Look(key.text);
  if (report.entry) {
    report.place = KeyPlace::kMemory;
  } else if (stored) {
    report.place = KeyPlace::kStore;
    report.entry = std::move(stored);
  }
  report.use = hot.UseOf(key.text);
  if (report.entry) {
    SayOfEntry(*report.entry, product, now, report);
  } else {
    SayWhyNone(product, report.why);
  }
  if (const KeyState* state = stripe.Find(key.text)) SayOfState(*state, now, report);
  if (report.why.empty()) {
    report.why.emplace_back(report.freshness == Freshness::kFresh ? "no change is known that it does not show"
                                                                  : "it was marked stale");
  }
  return report;
}

}  // namespace kck
