// What a put does to what is kept: one rule for every store.
#pragma once

#include <optional>

#include "store/store.h"

namespace kck {

enum class PutVerdict {
  kKeep,      // the candidate takes the place of what is kept
  kDrop,      // what is kept is newer
  kMismatch,  // the condition does not hold
};

// Holds `candidate` against `kept`, the entry of the same key and definition; null where there is none. An entry past
// its life at `now` counts as none, since it may be gone at any moment.
PutVerdict JudgePut(const Entry& candidate, const Entry* kept, const std::optional<PutCondition>& condition,
                    TimePoint now);

Failure VersionMismatch();
Failure StoreClosed();

}  // namespace kck
