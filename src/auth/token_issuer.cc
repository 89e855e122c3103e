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

void TokenIssuer::AppendCommon(JsonObject& claims, const LoginRow& row, const LoginSession& session,
                               std::int64_t now_unix_s, std::chrono::seconds life) const {
  claims.Text("sub", row.subject);
  if (!issuer_.empty()) claims.Text("iss", issuer_);
  if (!audience_.empty()) claims.Text("aud", audience_);
  claims.Number("iat", static_cast<std::uint64_t>(now_unix_s));
  claims.Number("exp", static_cast<std::uint64_t>(now_unix_s + life.count()));
  claims.Text("jti", Base64Url(RandomBytes(kIdBytes)));
  claims.Text("sid", session.id);
}

Result<std::string> TokenIssuer::MakeAccess(const LoginRow& row, const LoginSession& session,
                                            std::int64_t now_unix_s) const {
  std::string json;
  JsonObject claims(json);
  AppendCommon(claims, row, session, now_unix_s, token_life_);
  for (const auto& [name, value] : row.claims) claims.Member(name) += value;
  claims.End();
  return MakeJwt(key_, TokenUse::kAccess, json);
}

// What a user may do is read anew at each use of it, so that it says nothing of that.
Result<std::string> TokenIssuer::MakeRefresh(const LoginRow& row, std::string_view user, const LoginSession& session,
                                             std::int64_t now_unix_s) const {
  std::string json;
  JsonObject claims(json);
  AppendCommon(claims, row, session, now_unix_s, refresh_life_);
  claims.Text(kUserClaim, user);
  claims.Number(kTurnClaim, session.turn);
  claims.End();
  return MakeJwt(key_, TokenUse::kRefresh, json);
}

Result<IssuedTokens> TokenIssuer::Issue(const LoginRow& row, std::string_view user, const LoginSession& session,
                                        std::int64_t now_unix_s) const {
  Result<std::string> access = MakeAccess(row, session, now_unix_s);
  if (!access) return Failure(std::move(access.error()));
  IssuedTokens tokens{*std::move(access), {}, token_life_};
  if (refresh_life_.count() == 0) return tokens;
  Result<std::string> refresh = MakeRefresh(row, user, session, now_unix_s);
  if (!refresh) return Failure(std::move(refresh.error()));
  tokens.refresh = *std::move(refresh);
  return tokens;
}

}  // namespace kck
