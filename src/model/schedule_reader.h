// The fields that say when something is due, of products and processes: every, cron, timezone, jitter.
#pragma once

#include <optional>

#include "model/schedule.h"
#include "model/yaml_reader.h"

namespace kck {

// Nothing where neither every nor cron is given, or where a field has a fault, which is reported.
std::optional<Schedule> ReadSchedule(const YamlFile& file, YamlMap& fields);

}  // namespace kck
