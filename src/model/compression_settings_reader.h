// Reading `http.compression` of kck.yml.
#pragma once

#include <memory>

#include "model/compression_settings.h"
#include "model/yaml_reader.h"

namespace kck {

// A mapping, or `off`: null. Undefined where the field is not given: the defaults.
std::shared_ptr<const CompressionSettings> ReadCompressionSettings(const YamlFile& file, const YAML::Node& node);

}  // namespace kck
