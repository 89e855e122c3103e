// The errors of the API by name and status, as its description lists them.
#pragma once

#include <set>
#include <string_view>

namespace kck {

// Each once, by name.
std::set<std::string_view> ErrorNames();

// The names that an answer of that status may have.
std::set<std::string_view> ErrorNames(int status);

}  // namespace kck
