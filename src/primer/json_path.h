// The first match of a JSONPath expression. Any thread.
//
// A path begins with $ and goes on with any of .name, ['name'], ["name"], [n] from 0, [*], .* and ..name, which is at
// any depth. There are no filters, slices, sets or places from the end; jq has those.
#pragma once

#include <string>

#include "base/result.h"

namespace kck {

// JSON text, every scalar as it was written; "null" where nothing matches.
Result<std::string> JsonPathFirst(const std::string& path, const std::string& json);

// Why `path` does not compile; empty where it does.
std::string JsonPathFault(const std::string& path);

}  // namespace kck
