// The first output of a jq program, which stands alone: it may not import modules. A program that never ends holds its
// thread for ever, since libjq cannot be interrupted. Any thread. Compiled programs are kept, in the process as a
// whole.
#pragma once

#include <string>

#include "base/result.h"

namespace kck {

// JSON text; "null" where the program has no output.
Result<std::string> JqFirst(const std::string& program, const std::string& json);

// Why `program` does not compile; empty where it does.
std::string JqFault(const std::string& program);

}  // namespace kck
