// Reading `http.cors` of kck.yml.
#pragma once

#include "model/settings.h"
#include "model/yaml_reader.h"

namespace kck {

CorsSettings ReadCorsSettings(const YamlFile& file, const YAML::Node& node);

}  // namespace kck
