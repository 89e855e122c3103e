#include "engine/refresher.h"

namespace kck {

std::string_view RefreshReasonName(RefreshReason reason) {
  switch (reason) {
    case RefreshReason::kStaleRead:
      return "stale read";
    case RefreshReason::kUpdate:
      return "update";
    case RefreshReason::kPrime:
      return "prime";
    case RefreshReason::kSchedule:
      return "schedule";
    case RefreshReason::kBoot:
      return "boot";
    case RefreshReason::kDomain:
      return "domain";
    case RefreshReason::kHand:
      return "hand";
    case RefreshReason::kRestored:
      return "restored";
  }
  return "";
}

}  // namespace kck
