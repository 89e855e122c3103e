// The types that a product's parameter may have, and one value of such a type.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kck {

enum class ParamType { kInt, kFloat, kString, kDate, kTimestamp, kUuid, kBool };

struct Param {
  std::string name;
  ParamType type = ParamType::kString;
  bool nullable = false;
  bool primary_key = false;
  std::string description = {};             // for the description of the API; may be empty
  std::optional<std::string> example = {};  // likewise, in its canonical spelling
};

// A value in its canonical spelling ("7", never "007"), or NULL. Bound as a parameter, never pasted into SQL.
using ParamValue = std::optional<std::string>;

std::optional<ParamType> ParseParamType(std::string_view name);
std::string_view ParamTypeName(ParamType type);

// The canonical spelling of `text` as `type`; the error says what a right one looks like.
Result<std::string> CanonicalText(ParamType type, std::string_view text);

}  // namespace kck
