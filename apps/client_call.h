// What the commands that talk to a running server share.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "apps/commands.h"
#include "apps/http_client.h"

namespace kck {

// Percent-encodes what may not stand in a path, and keeps what the key's author has encoded.
std::string EncodeKey(std::string_view key);

// Makes the call, and prints what went wrong, or the whole answer where that is asked for; else hands the answer, a
// success, to `print`. Returns the exit status.
int CallAndPrint(const ClientOptions& options, const HttpCall& call,
                 const std::function<void(const HttpAnswer&)>& print);

}  // namespace kck
