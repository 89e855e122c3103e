// JSON Web Tokens in their compact form (RFC 7519, 7515), taken apart and put together. What they say is not believed
// here: token_verifier.h does that. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/jwt_key.h"

namespace kck {

inline constexpr std::size_t kTokenBytesMax = std::size_t{16} << 10U;
inline constexpr std::size_t kTokenDepthMax = 16;  // of the JSON in it

// What a token is for, by the header's `typ`, so that the one is not taken for the other (RFC 8725, 3.11).
enum class TokenUse : std::uint8_t { kAccess, kRefresh };

struct Jwt {
  JwtAlgorithm algorithm{};
  std::optional<std::string> key_id;  // the header's `kid`
  TokenUse use = TokenUse::kAccess;
  std::string_view signed_text;  // of the token
  std::string signature;
  std::string claims;  // JSON, by its looks
};

// AuthTokenInvalid, and which rule is broken, where `token` is none that KCK could check: `alg` is `none` or another
// than KCK has, a part is no base64url in its one spelling, a member stands twice, `crit` asks for what KCK has not.
// Keys and addresses that a header brings (`jwk`, `jku`, `x5u`, …) are not looked at. The token outlives the result.
Result<Jwt> ParseJwt(std::string_view token);

// A token of these claims, a JSON object, signed by `key`.
Result<std::string> MakeJwt(const JwtKey& key, TokenUse use, std::string_view claims);

}  // namespace kck
