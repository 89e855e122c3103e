// Names for people who misspelt one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kck {

// The one of `known` that `name` may be meant for; nothing where none is near.
std::optional<std::string> NearName(std::string_view name, const std::vector<std::string>& known);

// What to say to one who wrote `name`: the near one, or some that are known; "" where none is.
std::string NearCure(std::string_view name, const std::vector<std::string>& known);

}  // namespace kck
