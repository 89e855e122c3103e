#include "auth/token_issuer.h"

#include <algorithm>

#include "auth/jwt.h"
#include "base/base64.h"
#include "base/json_object.h"
#include "base/secret.h"
#include "model/login_settings.h"

namespace kck {
namespace {

constexpr std::size_t kIdBytes = 16;

std::string FirstOf(const std::vector<std::string>& texts) { return texts.empty() ? "" : texts.front(); }

}  // namespace

TokenIssuer::TokenIssuer(const AuthSettings& settings, JwtKey key)
    : key_(std::move(key)),
      issuer_(FirstOf(settings.issuers)),
      audience_(FirstOf(settings.audiences)),
      token_life_(settings.login->token_life),
      refresh_life_(settings.login->password_hash_salt ? std::chrono::seconds(0) : settings.login->refresh_life) {}

std::optional<TokenIssuer> TokenIssuer::Of(const AuthSettings& settings, const std::vector<JwtKey>& keys) {
  const auto key = std::ranges::find_if(keys, &JwtKey::can_sign);
  if (!settings.login || key == keys.end()) return std::nullopt;
  return TokenIssuer(settings, *key);
}

LoginSession TokenIssuer::NewSession() { return {Base64Url(RandomBytes(kIdBytes)), 1}; }

// An object that is not ended.
std::string TokenIssuer::CommonClaims(const LoginRow& row, const LoginSession& session, std::int64_t now_unix_s,
                                      std::chrono::seconds life) const {
  std::string claims;
  JsonObject object(claims);
  object.Text("sub", row.subject);
  if (!issuer_.empty()) object.Text("iss", issuer_);
  if (!audience_.empty()) object.Text("aud", audience_);
  object.Number("iat", static_cast<std::uint64_t>(now_unix_s));
  object.Number("exp", static_cast<std::uint64_t>(now_unix_s + life.count()));
  object.Text("jti", Base64Url(RandomBytes(kIdBytes)));
  object.Text("sid", session.id);
  return claims;
}

Result<IssuedTokens> TokenIssuer::Issue(const LoginRow& row, std::string_view user, const LoginSession& session,
                                        std::int64_t now_unix_s) const {
  IssuedTokens tokens{{}, {}, token_life_};
  std::string claims = CommonClaims(row, session, now_unix_s, token_life_);
  for (const auto& [name, json] : row.claims) {
    claims += ',';
    AppendJsonString(claims, name);
    claims += ':';
    claims += json;
  }
  Result<std::string> access = MakeJwt(key_, TokenUse::kAccess, claims + '}');
  if (!access) return Failure(std::move(access.error()));
  tokens.access = *std::move(access);
  if (refresh_life_.count() == 0) return tokens;
  // What a user may do is read anew at each use of it, so that it says nothing of that.
  claims = CommonClaims(row, session, now_unix_s, refresh_life_);
  claims += ",\"";
  claims += kUserClaim;
  claims += "\":";
  AppendJsonString(claims, user);
  claims += ",\"";
  claims += kTurnClaim;
  claims += "\":" + std::to_string(session.turn) + '}';
  Result<std::string> refresh = MakeJwt(key_, TokenUse::kRefresh, claims);
  if (!refresh) return Failure(std::move(refresh.error()));
  tokens.refresh = *std::move(refresh);
  return tokens;
}

}  // namespace kck
