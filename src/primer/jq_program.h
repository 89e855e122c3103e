// The first output of a jq program. Any thread: each keeps its own compiled programs, since libjq's are not shared.
#pragma once

#include <string>

#include "base/result.h"

namespace kck {

// JSON text; "null" where the program has no output.
Result<std::string> JqFirst(const std::string& program, const std::string& json);

// Why `program` does not compile; empty where it does.
std::string JqFault(const std::string& program);

}  // namespace kck
