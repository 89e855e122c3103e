// Reading the field `access` of products and updaters.
#pragma once

#include <string>
#include <vector>

#include "model/access.h"
#include "model/auth_settings.h"
#include "model/param.h"
#include "model/yaml_reader.h"

namespace kck {

// `public`, `user`, or `{claims: {CLAIM: PARAMETER, …}, roles: [ROLE, …]}`. Where tokens are not asked for
// all but public is a fault: it would be no protection. `kind` is "product" or "updater".
Access ReadAccess(const YamlFile& file, YamlMap& fields, const std::vector<Param>& params, const AuthSettings& auth,
                  const std::string& kind);

}  // namespace kck
