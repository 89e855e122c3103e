// A JSON scalar as the text of a parameter.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>

#include "model/param.h"

namespace kck {

// A string without its quotes, a number or a boolean as it is written, null as NULL. Nothing where it is no scalar.
inline std::optional<ParamValue> ParamOfJson(simdjson::dom::element value) {
  if (value.is_null()) return ParamValue{};
  if (value.is_string()) return ParamValue{std::string(value.get_string().value_unsafe())};
  if (value.is_object() || value.is_array()) return std::nullopt;
  return ParamValue{simdjson::minify(value)};
}

}  // namespace kck
