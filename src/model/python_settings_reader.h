// Reading `python` of kck.yml.
#pragma once

#include "model/python_settings.h"
#include "model/yaml_reader.h"

namespace kck {

// `folder` is that of kck.yml. A node that is not given reads as the defaults.
PythonSettings ReadPythonSettings(const YamlFile& file, const YAML::Node& node, const std::string& folder);

}  // namespace kck
