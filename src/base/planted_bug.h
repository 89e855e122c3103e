// Bugs that can be planted, to see that the simulation (tests/simulation) finds them: each breaks a rule of
// ARCHITECTURE.md at the place that keeps it.
//
// Unless KCK_TEST_HOOKS is defined (presets dev, asan, tsan), no bug is planted, which the compiler knows: nothing of
// this is in a program that users run.
#pragma once

#include <array>
#include <string_view>

namespace kck {

enum class Bug {
  kNone,
  kSecondFlight,
  kErrorLeavesWaiters,
  kOlderReplacesNewer,
  kStoreTakesOlder,
  kMarkNotHeldAtPublish,
  kMarkNotHeldAtRead,
  kMarkOfColdKeyForgotten,
  kMarkClearedUnseen,
  kRecordGoesFirst,
  kWriteBeforeRecord,
  kRefreshToldTooSoon,
  kPurgeToldTooSoon,
  kWishWhileLeasedLost,
  kMissCountsAsDone,
  kRestoredNotDue,
  kMarksOfOthersIgnored,
  kStoreNotAskedAgain,
};

struct BugName {
  Bug bug;
  std::string_view name;
  std::string_view breaks;
};

inline constexpr std::array kBugs{
    BugName{Bug::kSecondFlight, "second-flight", "RULE 2: a reader starts a flight beside the key's own"},
    BugName{Bug::kErrorLeavesWaiters, "error-leaves-waiters", "RULE 2: an error is told to one of those who wait"},
    BugName{Bug::kOlderReplacesNewer, "older-replaces-newer", "RULE 3: a fill that was thrown away is published"},
    BugName{Bug::kStoreTakesOlder, "store-takes-older", "RULE 3: the same in the store alone"},
    BugName{Bug::kMarkNotHeldAtPublish, "mark-not-held-at-publish", "RULE 4: a fill is fresh, whatever is marked"},
    BugName{Bug::kMarkNotHeldAtRead, "mark-not-held-at-read",
            "RULE 4: what the store holds is fresh, whatever is marked"},
    BugName{Bug::kMarkOfColdKeyForgotten, "mark-of-cold-key-forgotten",
            "RULE 4: a key that is not cached is not marked"},
    BugName{Bug::kMarkClearedUnseen, "mark-cleared-unseen", "RULE 4: a fill clears a mark for what it does not show"},
    BugName{Bug::kRecordGoesFirst, "record-goes-first", "RULE 4: a mark's record goes before the entry is stored"},
    BugName{Bug::kWriteBeforeRecord, "write-before-record", "RULE 5: a write begins before what is due is durable"},
    BugName{Bug::kRefreshToldTooSoon, "refresh-told-too-soon",
            "RULE 5: a refresh is acknowledged before it is durable"},
    BugName{Bug::kPurgeToldTooSoon, "purge-told-too-soon", "RULE 5: so is a purge or a set"},
    BugName{Bug::kWishWhileLeasedLost, "wish-while-leased-lost", "the queue loses a wish for a key that is leased"},
    BugName{Bug::kMissCountsAsDone, "miss-counts-as-done", "a fill that misses the change ends the wish"},
    BugName{Bug::kRestoredNotDue, "restored-not-due", "what was due when the process ended is not due after it"},
    BugName{Bug::kMarksOfOthersIgnored, "marks-of-others-ignored",
            "RULE 4: what is read from a shared store is fresh, whatever another process has marked"},
    BugName{Bug::kStoreNotAskedAgain, "store-not-asked-again",
            "what memory holds is never held against the store that others write to"},
};

#ifdef KCK_TEST_HOOKS
inline Bug planted_bug = Bug::kNone;  // in the whole process; set before any thread starts
inline bool PlantedBug(Bug bug) { return planted_bug == bug; }
#else
constexpr bool PlantedBug(Bug) { return false; }
#endif

}  // namespace kck
