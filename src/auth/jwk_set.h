// Keys in JSON: a JWK set (RFC 7517), as identity providers publish it.
#pragma once

#include <string_view>
#include <vector>

#include "auth/jwt_key.h"

namespace kck {

// The keys of the set that check tokens. Those of other uses (`use: enc`) and of algorithms that KCK has not are passed
// over, as the standard asks; a set of which none is left is an error, and so is a key that says what it is not. Only
// secrets (`kty: oct`) can sign.
Result<std::vector<JwtKey>> ReadJwkSet(std::string_view text);

}  // namespace kck
