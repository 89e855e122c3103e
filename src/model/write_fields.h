// The fields of a write that is sent as JSON.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/write_request.h"

namespace kck {

// The members of a JSON object, in the order sent. KCKBadRequest where `text` is none, or a value is a list or an
// object.
Result<std::vector<WriteField>> ReadJsonFields(std::string_view text);

}  // namespace kck
