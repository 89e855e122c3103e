// What a put does to what is kept: one rule for every store.
#pragma once

#include <optional>

#include "store/shared_marks.h"
#include "store/store.h"

namespace kck {

// Holds `candidate` against `kept`, the entry of the same key; null where there is none. True: the candidate takes its
// place. False: what is kept is newer, and the candidate is dropped. KCKVersionMismatch: the condition does not hold.
// An entry by another definition counts as none, since versions of two definitions do not compete; one past its life
// at `now` as well, since it may be gone at any moment.
Result<bool> JudgePut(const Entry& candidate, const Entry* kept, const std::optional<PutCondition>& condition,
                      TimePoint now);

// True where a source made it, so that it can be computed again: else somebody set or purged it.
bool IsComputed(const Entry& entry);

// Whether a mark goes with a put of the entry: it is of its database, and was there before. A stamp sees everything
// below its xmin; what somebody set or purged is after all that is there.
bool GoesWith(const MarkedTransaction& mark, const Entry& entry);

// Why a put of what cannot be computed again has no effect, where processes share the store.
Error SupersededBefore();

Failure StoreClosed();

}  // namespace kck
