// Who asks, as a checked token says it. Immutable once made.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/param.h"

namespace kck {

struct Identity {
  std::string subject;  // `sub`; may be empty

  // The token's claims that are scalars, as the text of a parameter would be. Those within objects are named with dots:
  // `app_metadata.tenant`.
  std::map<std::string, ParamValue, std::less<>> claims;

  std::vector<std::string> roles;  // ascending

  std::int64_t expires_unix_s = 0;  // `exp`
  std::string session;              // `sid`: what a logout ends; may be empty
  std::string token_id;             // of this token: its issuer's `jti`, or a hash of the token

  bool HasRole(std::string_view role) const;
};

using IdentityPtr = std::shared_ptr<const Identity>;

}  // namespace kck
