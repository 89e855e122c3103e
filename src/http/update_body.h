// Reading the body of a write: a JSON object, or a form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/write_request.h"

namespace kck {

// The fields in the order sent. By `content_type`: application/json and application/x-www-form-urlencoded, which the
// header may leave to the body; what begins with a brace is JSON also where the header calls it a form, as curl does.
// An empty body has no fields. KCKBadRequest where it does not parse, or a value is a list or an object.
Result<std::vector<WriteField>> ReadWriteBody(std::string_view content_type, std::string_view body);

}  // namespace kck
