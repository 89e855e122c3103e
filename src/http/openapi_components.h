// The parts that operations of the API's description refer to: schemas, parameters, headers, responses.
#pragma once

#include <string>

#include "http/openapi_operation.h"

namespace kck {

// The value of `components`.
void AppendComponents(std::string& out, const ApiRules& rules);

// The value of its `schemas`.
void AppendSchemas(std::string& out, const ApiRules& rules);  // openapi_schemas.cc

}  // namespace kck
