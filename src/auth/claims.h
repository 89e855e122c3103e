// What a token's body says, read and not yet believed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/param.h"

namespace kck {

struct Claims {
  std::map<std::string, ParamValue, std::less<>> scalars;  // as Identity::claims
  std::vector<std::string> roles;
  std::vector<std::string> audiences;
  std::optional<std::int64_t> expires_unix_s;     // exp
  std::optional<std::int64_t> not_before_unix_s;  // nbf
  std::optional<std::int64_t> issued_unix_s;      // iat

  // A registered claim that is a string; empty where there is none.
  std::string Text(std::string_view name) const;
};

// AuthTokenInvalid where `json` is no object, holds a member twice, or a registered claim of a wrong type.
// `roles_claim` names where the roles are, within objects with dots.
Result<Claims> ReadClaims(const std::string& json, std::string_view roles_claim);

}  // namespace kck
