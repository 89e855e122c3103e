// Applying `log` of kck.yml.
#pragma once

#include "engine/engine.h"
#include "model/settings.h"

namespace kck {

// All but the format, which stays as it was at the start. Any time.
void ApplyLogSettings(const LogSettings& log, Engine& engine);

// What the log has to be before its first line.
void StartLog(const LogSettings& log);

}  // namespace kck
