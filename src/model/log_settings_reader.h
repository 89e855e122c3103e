// Reading `log` of kck.yml.
#pragma once

#include "model/settings.h"
#include "model/yaml_reader.h"

namespace kck {

LogSettings ReadLogSettings(const YamlFile& file, const YAML::Node& node);

}  // namespace kck
