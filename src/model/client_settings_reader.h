// Reads the fields of `http` in kck.yml that say who a client is, and how much it may ask for.
#pragma once

#include "model/settings.h"
#include "model/yaml_reader.h"

namespace kck {

// `fields` is the map `http`. What is wrong is reported.
void ReadClientSettings(const YamlFile& file, YamlMap& fields, HttpSettings& http);

}  // namespace kck
