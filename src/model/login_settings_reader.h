// Reads the fields of `auth` in kck.yml that logins go by.
#pragma once

#include <memory>

#include "model/login_settings.h"
#include "model/yaml_reader.h"

namespace kck {

// `fields` is the map `auth`. Null where it has no `auth_user`. What is wrong is reported.
std::shared_ptr<const LoginSettings> ReadLoginSettings(const YamlFile& file, YamlMap& fields);

}  // namespace kck
