// Reading the query of a target, `key=item%2F7&key=item/8`, or a form, which is written alike.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace kck {

using QueryFields = std::vector<std::pair<std::string, std::string>>;

// In the order sent, percent-decoded once, `+` as a blank. A key that has an escape of its own (`a%2Fb`) is therefore
// escaped twice in a query (`a%252Fb`).
Result<QueryFields> ParseQuery(std::string_view query);

}  // namespace kck
