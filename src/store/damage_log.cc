#include "store/damage_log.h"

#include "base/log.h"

namespace kck {

void DamageLog::Note(std::string_view why) {
  const std::uint64_t count = ++count_;
  if (!limit_.Pass(scheduler_.Now())) return;
  LogWarning(
      "the store in {} holds a damaged entry ({}); it counts as absent; {} met so far. If this goes on, check the "
      "disk",
      folder_, why, count);
}

}  // namespace kck
