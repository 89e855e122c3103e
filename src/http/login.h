// Logging in, going on, and logging out: the product of auth.auth_user, passwords, tokens and sessions put together.
//
// The product is computed anew for each login, so that a password that was changed, by whoever, is the one that counts,
// and a user who is known takes as long as one who is not.
//
// Any thread. Engine, authenticator and sessions outlive this. Callbacks run once, never inside the call, on any
// thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/authenticator.h"
#include "auth/nobody.h"
#include "auth/password_workers.h"
#include "auth/sessions.h"
#include "auth/token_issuer.h"
#include "base/log_limit.h"
#include "engine/engine.h"
#include "http/rate_limiter.h"

namespace kck {

// Counted since start.
struct LoginCounters {
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> refused{0};  // unknown users and wrong passwords
  std::atomic<std::uint64_t> limited{0};  // too many of these before
  std::atomic<std::uint64_t> failed{0};   // the user could not be read
  std::atomic<std::uint64_t> renewed{0};  // by refresh tokens
};

struct LoginTimes {
  TimePoint deadline;           // of reading the user
  std::int64_t now_unix_s = 0;  // for the tokens
};

class Login {
 public:
  using TokensCallback = std::function<void(Result<IssuedTokens>)>;

  static constexpr std::size_t kUnderWayMax = 256;

  struct Attempt {
    std::string user;
    std::string password;
    std::string address;  // as LimitedName() has it
  };

  Login(Scheduler& scheduler, Engine& engine, Authenticator& authenticator, Sessions& sessions);

  // Whether kck.yml has logins.
  bool is_on() const { return authenticator_.state()->login != nullptr; }

  // Counts an attempt, until it succeeds. Nothing: it may be made; else how long the user or the address has to wait.
  std::optional<Duration> Admit(const Attempt& attempt, TimePoint now);

  // Of an attempt that was admitted. AuthLoginUnknownUser where there is no such user, or the password is another;
  // KCKOverloaded where too many wait; else why the user could not be read.
  void LogIn(Attempt attempt, LoginTimes times, TokensCallback done);

  // New tokens for a refresh token, which is used up by it; what the user may do is read anew. AuthTokenInvalid,
  // AuthTokenExpired; AuthLoginUnknownUser where the user is gone.
  void Renew(const std::string& refresh_token, LoginTimes times, TokensCallback done);

  // Whom a refresh token names.
  Result<IdentityPtr> OpenRefreshToken(std::string_view token, std::int64_t now_unix_s) const;

  // Ends the session of the token, or the token alone where it is of no session. `done` when that is durable.
  void LogOut(const Identity& identity, std::int64_t now_unix_s, Sessions::DoneCallback done);

  const LoginCounters& counters() const { return counters_; }
  std::size_t sessions_known() const { return sessions_.size(); }

 private:
  using RowCallback = std::function<void(Result<LoginRow>)>;
  struct Pending;

  std::shared_ptr<Pending> Begin(Attempt attempt, LoginTimes times, TokensCallback done);
  void Read(const std::shared_ptr<Pending>& pending, TimePoint deadline, RowCallback then);
  void Compare(const std::shared_ptr<Pending>& pending, Result<LoginRow> row);
  void Judge(const std::shared_ptr<Pending>& pending, const Result<LoginRow>& row);
  void GoOn(const std::shared_ptr<Pending>& pending, const IdentityPtr& token, Result<LoginRow> row);
  void Answer(const std::shared_ptr<Pending>& pending, const LoginRow& row, const LoginSession& session);
  void End(const std::shared_ptr<Pending>& pending, Result<IssuedTokens> result);
  void GiveBack(const Pending& pending);

  Scheduler& scheduler_;
  Engine& engine_;
  Authenticator& authenticator_;
  Sessions& sessions_;
  RateLimiter users_;
  RateLimiter addresses_;
  LoginCounters counters_;
  LogLimit failures_logged_{std::chrono::seconds(10)};
  Nobody nobody_;
  std::atomic<std::size_t> under_way_{0};
  PasswordWorkers workers_;  // goes first: its work names the rest
};

}  // namespace kck
