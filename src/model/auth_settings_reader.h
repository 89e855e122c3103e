// Reading `auth` of kck.yml.
#pragma once

#include <string>

#include "model/auth_settings.h"
#include "model/yaml_reader.h"

namespace kck {

// `folder` is that of kck.yml, which file names are relative to. Files are not opened here.
AuthSettings ReadAuthSettings(const YamlFile& file, const YAML::Node& node, const std::string& folder);

}  // namespace kck
