#include "store/put_rule.h"

namespace kck {

PutVerdict JudgePut(const Entry& candidate, const Entry* kept, const std::optional<PutCondition>& condition,
                    TimePoint now) {
  if (kept != nullptr && kept->expires_at <= now) kept = nullptr;
  const bool superseded = kept != nullptr && !Supersedes(candidate, *kept);
  if (!condition) return superseded ? PutVerdict::kDrop : PutVerdict::kKeep;
  // To drop a compare-and-set without a word would tell its caller that it won.
  const bool holds = kept != nullptr && kept->content && kept->content->version == condition->content_version;
  return holds && !superseded ? PutVerdict::kKeep : PutVerdict::kMismatch;
}

Failure VersionMismatch() {
  return Fail(ErrorCode::kVersionMismatch, "the entry is of another version by now: fetch it and decide again");
}

Failure StoreClosed() { return Fail(ErrorCode::kStoreError, "the store is closed: the server is shutting down"); }

}  // namespace kck
