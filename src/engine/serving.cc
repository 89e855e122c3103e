#include "engine/serving.h"

namespace kck {

std::string_view FreshnessName(Freshness freshness) {
  switch (freshness) {
    case Freshness::kFresh:
      return "fresh";
    case Freshness::kStale:
      return "stale";
    case Freshness::kSuspect:
      return "suspect";
  }
  return "suspect";
}

std::string_view ServedFromName(ServedFrom from) {
  switch (from) {
    case ServedFrom::kMemory:
      return "memory";
    case ServedFrom::kStore:
      return "store";
    case ServedFrom::kFill:
      return "fill";
    case ServedFrom::kJoined:
      return "joined";
  }
  return "memory";
}

std::optional<Freshness> Judge(const Entry& entry, const ServedProduct* product, TimePoint now) {
  if (entry.kind() == EntryKind::kTombstone || entry.expires_at() <= now) return std::nullopt;
  if (product == nullptr) {
    if (entry.fingerprint() != 0) return std::nullopt;
    return entry.stale_at() <= now ? Freshness::kStale : Freshness::kFresh;
  }
  // What was set under the name before it became a product is not one of the product's values.
  if (entry.fingerprint() == 0) return std::nullopt;
  if (entry.fill_sequence() < product->marks->gone_before) return std::nullopt;
  if (entry.version().epoch < product->history->epoch() && entry.stamp()) return Freshness::kSuspect;
  const bool stale = entry.fingerprint() != product->product->fingerprint || entry.stale_at() <= now ||
                     entry.fill_sequence() < product->marks->stale_before;
  return stale ? Freshness::kStale : Freshness::kFresh;
}

}  // namespace kck
