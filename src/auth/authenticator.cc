#include "auth/authenticator.h"

namespace kck {
namespace {

std::shared_ptr<const AuthState> StateOf(const AuthSettings& settings, std::vector<JwtKey> keys) {
  auto issuer = TokenIssuer::Of(settings, keys);
  return std::make_shared<const AuthState>(AuthState{TokenVerifier(RulesOf(settings), std::move(keys)),
                                                     settings.admin_role, settings.public_metrics, settings.login,
                                                     std::move(issuer)});
}

// What an entry of the cache takes: the token, and its identity with claims.
std::size_t BytesOf(std::string_view token) {
  constexpr std::size_t kIdentityBytes = 1024;
  return token.size() + kIdentityBytes;
}

}  // namespace

Authenticator::Authenticator(const AuthSettings& settings, std::vector<JwtKey> keys, const Sessions* sessions)
    : sessions_(sessions), state_(StateOf(settings, std::move(keys))) {}

void Authenticator::Replace(const AuthSettings& settings, std::vector<JwtKey> keys) {
  auto state = StateOf(settings, std::move(keys));
  MutexLock lock(mutex_);
  state_ = std::move(state);
  generation_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const AuthState> Authenticator::state() const {
  MutexLock lock(mutex_);
  return state_;
}

void TokenCache::Forget() {
  known_.clear();
  bytes_ = 0;
}

// The number is read first: a state that comes in between is then found to be new once more, and never missed.
const AuthState& TokenCache::state() {
  if (const std::uint64_t generation = authenticator_.generation(); generation != generation_) {
    generation_ = generation;
    state_ = authenticator_.state();
    Forget();
  }
  return *state_;
}

void TokenCache::Drop(std::string_view token) {
  if (known_.erase(token) > 0) bytes_ -= BytesOf(token);
}

// The number is read first: an end that comes in between is then found at the next request, and never missed.
Result<IdentityPtr> TokenCache::CheckSession(Known& known) {
  const Sessions* sessions = authenticator_.sessions();
  const std::uint64_t generation = sessions == nullptr ? 0 : sessions->generation();
  if (generation == known.not_ended_at) return known.identity;
  if (sessions->IsEnded(*known.identity)) {
    return Fail(ErrorCode::kTokenInvalid, "the session of this token has ended: log in again");
  }
  known.not_ended_at = generation;
  return known.identity;
}

Result<IdentityPtr> TokenCache::Verify(std::string_view token, std::int64_t now_unix_s) {
  const TokenVerifier& verifier = state().verifier;
  const auto found = known_.find(token);
  if (found != known_.end() && !verifier.IsExpired(*found->second.identity, now_unix_s)) {
    Result<IdentityPtr> identity = CheckSession(found->second);
    if (!identity) Drop(token);
    return identity;
  }
  Drop(token);
  const Result<IdentityPtr> identity = verifier.Verify(token, TokenUse::kAccess, now_unix_s);
  if (!identity) return identity;
  Known known{*identity};
  if (Result<IdentityPtr> open = CheckSession(known); !open) return open;
  if (bytes_ + BytesOf(token) > kBytesMax) Forget();
  bytes_ += BytesOf(token);
  known_.emplace(token, std::move(known));
  return identity;
}

}  // namespace kck
