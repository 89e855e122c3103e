// jq's messages about rows, made fit for clients.
#pragma once

#include <string>
#include <string_view>

namespace kck {

// `message` with … in place of what it quotes of the data: jq puts that in parentheses, in quotes, or at the end. Names
// that the program itself holds stay.
std::string WithoutData(std::string message, std::string_view program);

}  // namespace kck
