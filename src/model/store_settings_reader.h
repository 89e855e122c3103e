// Reading `store` of kck.yml.
#pragma once

#include "model/store_settings.h"
#include "model/yaml_reader.h"

namespace kck {

// `folder` is that of kck.yml.
StoreSettings ReadStoreSettings(const YamlFile& file, const YAML::Node& node, const std::string& folder);

}  // namespace kck
