// Whose tokens the server believes, and what it has found out about them.
//
// The authenticator is one for the server: keys and rules, which change while it serves. Each network thread has a
// TokenCache, so that a token that comes with every request is checked once: a verdict stands until the token's end,
// the end of its session, or until keys or rules change.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/sessions.h"
#include "auth/token_issuer.h"
#include "auth/token_verifier.h"
#include "base/text_map.h"
#include "base/thread_annotations.h"
#include "model/auth_settings.h"

namespace kck {

// All that a change of kck.yml or of key files replaces together. Immutable.
struct AuthState {
  TokenVerifier verifier;
  std::string admin_role;
  bool public_metrics = false;
  std::shared_ptr<const LoginSettings> login;  // null: no logins
  std::optional<TokenIssuer> issuer;           // likewise, or no key can sign
};

// Any thread.
class Authenticator {
 public:
  // `sessions`: what was ended before its time; outlives this. Null: nothing ever is.
  Authenticator(const AuthSettings& settings, std::vector<JwtKey> keys, const Sessions* sessions = nullptr);

  // What counts from now on. Tokens of keys that are gone are refused from their next request on.
  void Replace(const AuthSettings& settings, std::vector<JwtKey> keys) KCK_EXCLUDES(mutex_);

  std::shared_ptr<const AuthState> state() const KCK_EXCLUDES(mutex_);

  // Rises with each Replace.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  const Sessions* sessions() const { return sessions_; }

 private:
  const Sessions* const sessions_;
  mutable Mutex mutex_;
  std::shared_ptr<const AuthState> state_ KCK_GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> generation_{1};
};

// For one thread. The authenticator outlives it.
class TokenCache {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{4} << 20U;  // of tokens; past it all are forgotten

  explicit TokenCache(const Authenticator& authenticator) : authenticator_(authenticator) {}

  // As TokenVerifier::Verify, of an access token; AuthTokenInvalid where its session has ended, too.
  Result<IdentityPtr> Verify(std::string_view token, std::int64_t now_unix_s);

  // What counts now. After Verify: what counted there.
  const AuthState& state();

 private:
  struct Known {
    IdentityPtr identity;
    std::uint64_t not_ended_at = 0;  // Sessions::generation() at which it was not ended
  };

  void Forget();
  void Drop(std::string_view token);
  Result<IdentityPtr> CheckSession(Known& known);

  const Authenticator& authenticator_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const AuthState> state_;
  TextMap<Known> known_;  // by token; those that were refused are not kept
  std::size_t bytes_ = 0;
};

}  // namespace kck
