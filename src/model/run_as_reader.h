// Reading the field `as` of products.
#pragma once

#include <memory>
#include <vector>

#include "model/param.h"
#include "model/run_as.h"
#include "model/sql_template.h"
#include "model/yaml_reader.h"

namespace kck {

// `{role: ROLE, settings: {NAME: VALUE, …}}`, where a value is a constant or `:PARAMETER`. Null where it is not given.
// A setting that KCK relies on is a fault, as is the whole field where `dialect` knows no roles.
std::shared_ptr<const RunAs> ReadRunAs(const YamlFile& file, YamlMap& fields, const std::vector<Param>& params,
                                       SqlDialect dialect);

}  // namespace kck
