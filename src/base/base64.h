// Base64 (RFC 4648, with padding): how bytes stand in JSON.
#pragma once

#include <string>
#include <string_view>

namespace kck {

void AppendBase64(std::string& out, std::string_view bytes);

}  // namespace kck
