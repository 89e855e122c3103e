#include "store/put_rule.h"

#include "base/planted_bug.h"

namespace kck {

Result<bool> JudgePut(const Entry& candidate, const Entry* kept, const std::optional<PutCondition>& condition,
                      TimePoint now) {
  if (kept != nullptr && (kept->fingerprint() != candidate.fingerprint() || kept->expires_at() <= now)) kept = nullptr;
  const bool superseded = kept != nullptr && !Supersedes(candidate, *kept) && !PlantedBug(Bug::kStoreTakesOlder);
  if (!condition) return !superseded;
  const bool holds = kept != nullptr && kept->has_content() && kept->content_version() == condition->content_version;
  // To drop a compare-and-set without a word would tell its caller that it won.
  if (holds && !superseded) return true;
  return Fail(ErrorCode::kVersionMismatch, "the entry is of another version by now: fetch it and decide again");
}

bool IsComputed(const Entry& entry) { return entry.kind() == EntryKind::kValue || entry.kind() == EntryKind::kEmpty; }

bool GoesWith(const MarkedTransaction& mark, const Entry& entry) {
  if (!IsComputed(entry)) return true;
  return entry.stamp() && InOrder(mark) < std::pair(entry.version().epoch, entry.stamp()->xmin);
}

Error SupersededBefore() {
  return {ErrorCode::kVersionMismatch, "another process was there before: read the entry, and decide again"};
}

Failure StoreClosed() { return Fail(ErrorCode::kStoreError, "the store is closed: the server is shutting down"); }

}  // namespace kck
