#include "auth/authenticator.h"

namespace kck {
namespace {

std::shared_ptr<const AuthState> StateOf(const AuthSettings& settings, std::vector<JwtKey> keys) {
  return std::make_shared<const AuthState>(
      AuthState{TokenVerifier(RulesOf(settings), std::move(keys)), settings.admin_role, settings.public_metrics});
}

// What an entry of the cache takes: the token, and its identity with claims.
std::size_t BytesOf(std::string_view token) {
  constexpr std::size_t kIdentityBytes = 1024;
  return token.size() + kIdentityBytes;
}

}  // namespace

Authenticator::Authenticator(const AuthSettings& settings, std::vector<JwtKey> keys)
    : state_(StateOf(settings, std::move(keys))) {}

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
  identities_.clear();
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

Result<IdentityPtr> TokenCache::Verify(std::string_view token, std::int64_t now_unix_s) {
  const TokenVerifier& verifier = state().verifier;
  const auto found = identities_.find(token);
  if (found != identities_.end()) {
    if (!verifier.IsExpired(*found->second, now_unix_s)) return found->second;
    bytes_ -= BytesOf(token);
    identities_.erase(found);
  }
  Result<IdentityPtr> identity = verifier.Verify(token, TokenUse::kAccess, now_unix_s);
  if (!identity) return identity;
  if (bytes_ + BytesOf(token) > kBytesMax) Forget();
  bytes_ += BytesOf(token);
  identities_.emplace(token, *identity);
  return identity;
}

}  // namespace kck
