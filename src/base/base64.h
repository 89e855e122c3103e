// Base64 (RFC 4648): with padding, how bytes stand in JSON; in the form for URLs, without, how they stand in headers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kck {

void AppendBase64(std::string& out, std::string_view bytes);

// With - and _ for + and /, unpadded.
std::string Base64Url(std::string_view bytes);

// The bytes of such a text; nothing where it is none, or not the one spelling of its bytes.
std::optional<std::string> FromBase64Url(std::string_view text);

}  // namespace kck
