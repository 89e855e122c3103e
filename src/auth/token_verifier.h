// What makes a token good: its signature by one of the keys, and what it says of time, issuer and audience (RFC 7519,
// RFC 8725). Immutable; any thread. Whether a token was revoked is not asked here.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity.h"
#include "auth/jwt.h"
#include "model/auth_settings.h"

namespace kck {

struct TokenRules {
  std::vector<std::string> issuers;    // one of them has to be the token's `iss`; none: any, or no `iss`
  std::vector<std::string> audiences;  // one of them has to be in its `aud`; none: it has no `aud`
  std::chrono::seconds leeway{10};     // how far the clocks may be apart
  std::string roles_claim = "roles";   // a list of strings, or one with spaces; within objects with dots
};

TokenRules RulesOf(const AuthSettings& settings);

class TokenVerifier {
 public:
  TokenVerifier(TokenRules rules, std::vector<JwtKey> keys) : rules_(std::move(rules)), keys_(std::move(keys)) {}

  // AuthTokenExpired, or AuthTokenInvalid with what is wrong. The message holds nothing of the token.
  Result<IdentityPtr> Verify(std::string_view token, TokenUse use, std::int64_t now_unix_s) const;

  // True where the token is past its life at that time.
  bool IsExpired(const Identity& identity, std::int64_t now_unix_s) const {
    return now_unix_s >= identity.expires_unix_s + rules_.leeway.count();
  }

 private:
  bool IsSigned(const Jwt& jwt) const;

  TokenRules rules_;
  std::vector<JwtKey> keys_;
};

}  // namespace kck
