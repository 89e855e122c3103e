// The role and the settings that the fills of a product run under, as its field `as` names them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/fault.h"
#include "model/param.h"

namespace kck {

// A setting of PostgreSQL, with a value that is a constant or a parameter of the key.
struct RunAsSetting {
  std::string name;  // in lower case: PostgreSQL's names have no case
  std::string constant;
  std::optional<std::size_t> param;  // set: the value is that of this parameter of the product
  // Stands for the parameter where no key is known. Nothing: it has no example.
  std::optional<std::string> example;
};

// Immutable once loaded. It holds for one fill, and nothing of it is left on the connection after it.
struct RunAs {
  std::string role;  // empty: the user of the database's url
  std::vector<RunAsSetting> settings;
  Location location;  // of the field, for messages
};

// The value of a setting for the key with these parameters.
const std::string& ValueOf(const RunAsSetting& setting, const std::vector<ParamValue>& params);

// All that decides what a statement means under it, as one text: two that differ have different ones.
std::string RunAsText(const RunAs& as);

}  // namespace kck
