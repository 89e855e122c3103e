// Makes the tokens of a login. Immutable; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jwt_key.h"
#include "auth/login_row.h"
#include "model/auth_settings.h"

namespace kck {

class JsonObject;

// Claims of refresh tokens that are KCK's own.
inline constexpr std::string_view kUserClaim = "usr";  // as the user logged in
inline constexpr std::string_view kTurnClaim = "trn";  // which of its session's refresh tokens it is, from 1

struct IssuedTokens {
  std::string access;
  std::string refresh;  // empty: none
  std::chrono::seconds access_life{};
};

// Of a login, and what goes on from it.
struct LoginSession {
  std::string id;
  std::uint64_t turn = 1;  // of the refresh token to be made
};

class TokenIssuer {
 public:
  // Signs with the first of the keys that can; nothing where none can, or kck.yml has no logins.
  static std::optional<TokenIssuer> Of(const AuthSettings& settings, const std::vector<JwtKey>& keys);

  // A session with an id that nobody can guess.
  static LoginSession NewSession();

  // `user`: as who logged in.
  Result<IssuedTokens> Issue(const LoginRow& row, std::string_view user, const LoginSession& session,
                             std::int64_t now_unix_s) const;

 private:
  TokenIssuer(const AuthSettings& settings, JwtKey key);

  void AppendCommon(JsonObject& claims, const LoginRow& row, const LoginSession& session, std::int64_t now_unix_s,
                    std::chrono::seconds life) const;
  Result<std::string> MakeAccess(const LoginRow& row, const LoginSession& session, std::int64_t now_unix_s) const;
  Result<std::string> MakeRefresh(const LoginRow& row, std::string_view user, const LoginSession& session,
                                  std::int64_t now_unix_s) const;

  JwtKey key_;
  std::string issuer_;    // empty: none
  std::string audience_;  // empty: none
  std::chrono::seconds token_life_;
  std::chrono::seconds refresh_life_;
};

}  // namespace kck
