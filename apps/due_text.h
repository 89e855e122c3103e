// A key that is due, in words, from what the server says of it.
#pragma once

#include <string>

#include "apps/json_view.h"

namespace kck {

// "update, schedule (update airline/UA)".
std::string ReasonsText(const JsonView& due);

// "1.2 ms"; "unknown" before it was computed.
std::string CostText(const JsonView& due);

}  // namespace kck
