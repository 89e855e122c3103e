// The first match of a JSONPath expression. Any thread.
#pragma once

#include <string>

#include "base/result.h"

namespace kck {

// JSON text, every scalar as it was written; "null" where nothing matches.
Result<std::string> JsonPathFirst(const std::string& path, const std::string& json);

// Why `path` does not compile; empty where it does.
std::string JsonPathFault(const std::string& path);

}  // namespace kck
