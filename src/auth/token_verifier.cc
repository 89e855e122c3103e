#include "auth/token_verifier.h"

#include <algorithm>

#include "auth/claims.h"
#include "base/base64.h"
#include "base/secret.h"

namespace kck {
namespace {

Failure Invalid(std::string message) { return Fail(ErrorCode::kTokenInvalid, std::move(message)); }

// Why the token does not hold now; an empty text: it does. Its life is looked at elsewhere.
std::string_view Objection(const Claims& claims, const TokenRules& rules, std::int64_t now_unix_s) {
  const std::int64_t latest = now_unix_s + rules.leeway.count();
  if (!claims.expires_unix_s) return "the token has no end (exp)";
  if (claims.not_before_unix_s.value_or(0) > latest) return "the token is not valid yet (nbf)";
  if (claims.issued_unix_s.value_or(0) > latest) return "the token was made in the future (iat)";
  if (!rules.issuers.empty() && std::ranges::find(rules.issuers, claims.Text("iss")) == rules.issuers.end()) {
    return "the token is of another issuer (iss)";
  }
  const bool meant = std::ranges::any_of(claims.audiences, [&](const std::string& audience) {
    return std::ranges::find(rules.audiences, audience) != rules.audiences.end();
  });
  // RFC 7519, 4.1.3: who is not named in `aud` must refuse the token.
  if (!meant && (!rules.audiences.empty() || !claims.audiences.empty())) return "the token is meant for others (aud)";
  return {};
}

// Of an issuer, a `jti` is of one token alone.
std::string TokenId(const Claims& claims, std::string_view token) {
  const std::string jti = claims.Text("jti");
  const std::string named = jti.empty() ? std::string(token) : claims.Text("iss") + '\0' + jti;
  return Base64Url(Mac(jti.empty() ? "token" : "jti", named));
}

}  // namespace

TokenRules RulesOf(const AuthSettings& settings) {
  return {settings.issuers, settings.audiences, settings.leeway, settings.roles_claim};
}

bool Identity::HasRole(std::string_view role) const { return std::ranges::binary_search(roles, role); }

// A key without an id may have signed any token of its algorithm.
bool TokenVerifier::IsSigned(const Jwt& jwt) const {
  return std::ranges::any_of(keys_, [&](const JwtKey& key) {
    const bool chosen = !jwt.key_id || key.id().empty() || key.id() == *jwt.key_id;
    return chosen && key.algorithm() == jwt.algorithm && key.Verifies(jwt.signed_text, jwt.signature);
  });
}

Result<IdentityPtr> TokenVerifier::Verify(std::string_view token, TokenUse use, std::int64_t now_unix_s) const {
  const Result<Jwt> jwt = ParseJwt(token);
  if (!jwt) return Failure(jwt.error());
  if (jwt->use != use) return Invalid("the token is for another use (typ)");
  if (!IsSigned(*jwt)) return Invalid("the token is signed by none of the keys that are trusted here");
  Result<Claims> claims = ReadClaims(jwt->claims, rules_.roles_claim);
  if (!claims) return Failure(std::move(claims.error()));
  if (const auto objection = Objection(*claims, rules_, now_unix_s); !objection.empty()) {
    return Invalid(std::string(objection));
  }
  auto identity = std::make_shared<Identity>();
  identity->subject = claims->Text("sub");
  identity->expires_unix_s = *claims->expires_unix_s;
  identity->session = claims->Text("sid");
  identity->token_id = TokenId(*claims, token);
  identity->claims = std::move(claims->scalars);
  identity->roles = std::move(claims->roles);
  if (IsExpired(*identity, now_unix_s)) {
    return Fail(ErrorCode::kTokenExpired, "the token is past its life: log in again, or use the refresh token");
  }
  return identity;
}

}  // namespace kck
