#include "http/login.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "auth/password.h"
#include "model/login_settings.h"
#include "model/product_key.h"

namespace kck {
namespace {

using Kind = LoginSettings::Part::Kind;

// A verdict of another second would be as good; what is added is for clocks that are apart.
constexpr std::int64_t kLeewaySecondsMax = 300;

Failure Unknown() { return Fail(ErrorCode::kLoginRefused, "the user or the password is wrong"); }

Rate RateOf(int attempts, std::chrono::seconds window) {
  return {attempts / std::chrono::duration<double>(window).count(), static_cast<double>(attempts)};
}

LoginForm FormOf(const LoginSettings& login) { return login.password_hash_salt ? LoginForm::kKey06 : LoginForm::kHash; }

// A core is left to those who serve.
int WorkersOf(unsigned cores) { return std::clamp(static_cast<int>(cores) / 2, 1, 4); }

ParamValue ValueOf(const LoginSettings::Part& part, const Login::Attempt& attempt, const LoginSettings& login) {
  switch (part.kind) {
    case Kind::kLiteral:
      return part.literal;
    case Kind::kUser:
      return attempt.user;
    case Kind::kPasswordHash:
      return PasswordHash06(login.password_hash_salt.value_or(""), attempt.password);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> TurnOf(const Identity& identity) {
  const auto claim = identity.claims.find(kTurnClaim);
  if (claim == identity.claims.end() || !claim->second) return std::nullopt;
  std::uint64_t turn = 0;
  const char* end = claim->second->data() + claim->second->size();
  const auto [stop, error] = std::from_chars(claim->second->data(), end, turn);
  if (error != std::errc{} || stop != end || turn == 0) return std::nullopt;
  return turn;
}

}  // namespace

struct Login::Pending {
  std::shared_ptr<const AuthState> state;
  Attempt attempt;
  std::int64_t now_unix_s = 0;
  TokensCallback done;
  bool renews = false;  // by a refresh token
};

Login::Login(Scheduler& scheduler, Engine& engine, Authenticator& authenticator, Sessions& sessions)
    : scheduler_(scheduler),
      engine_(engine),
      authenticator_(authenticator),
      sessions_(sessions),
      workers_(WorkersOf(std::thread::hardware_concurrency())) {}

std::optional<Duration> Login::Admit(const Attempt& attempt, TimePoint now) {
  const auto login = authenticator_.state()->login;
  if (!login) return std::nullopt;
  const Rate by_address = RateOf(login->attempts_per_address, login->attempts_window);
  std::optional<Duration> wait = addresses_.Take(attempt.address, by_address, now);
  if (!wait) {
    wait = users_.Take(attempt.user, RateOf(login->attempts_per_user, login->attempts_window), now);
    if (wait) addresses_.Give(attempt.address, by_address);
  }
  if (wait) ++counters_.limited;
  return wait;
}

void Login::GiveBack(const Pending& pending) {
  const LoginSettings& login = *pending.state->login;
  addresses_.Give(pending.attempt.address, RateOf(login.attempts_per_address, login.attempts_window));
  users_.Give(pending.attempt.user, RateOf(login.attempts_per_user, login.attempts_window));
}

void Login::LogIn(Attempt attempt, LoginTimes times, TokensCallback done) {
  const auto pending = Begin(std::move(attempt), times, std::move(done));
  if (!pending) return;
  Read(pending, times.deadline, [this, pending](Result<LoginRow> row) { Compare(pending, std::move(row)); });
}

// Null where there are too many; that is answered.
std::shared_ptr<Login::Pending> Login::Begin(Attempt attempt, LoginTimes times, TokensCallback done) {
  const auto state = authenticator_.state();
  auto pending =
      std::make_shared<Pending>(Pending{state, std::move(attempt), times.now_unix_s, std::move(done), false});
  const bool full = under_way_.fetch_add(1) >= kUnderWayMax;
  if (!full && state->login && state->issuer) return pending;
  End(pending, full ? Fail(ErrorCode::kOverloaded, "too many are logging in")
                    : Fail(ErrorCode::kBadRequest, "there is no login here: kck.yml has no auth.auth_user"));
  return nullptr;
}

void Login::Read(const std::shared_ptr<Pending>& pending, TimePoint deadline, RowCallback then) {
  const LoginSettings& login = *pending->state->login;
  const ProductPtr product = engine_.FindProduct(login.product);
  if (!product || product->params.size() != login.parts.size()) {
    return then(Fail(ErrorCode::kPrimerFailed, "the product of auth.auth_user is not in service"));
  }
  std::vector<ParamValue> values;
  for (const LoginSettings::Part& part : login.parts) values.push_back(ValueOf(part, pending->attempt, login));
  Result<ResolvedKey> key = KeyOf(product, values);
  if (!key) return then(Unknown());  // what is no value of the parameter's type is nobody's name
  auto judge = [form = FormOf(login), then = std::move(then)](Result<Served> served) {
    const bool absent = !served && served.error().code == ErrorCode::kKeyNotSet;
    if (absent || (served && served->entry->kind() == EntryKind::kEmpty)) return then(Unknown());
    if (!served) return then(Failure(std::move(served.error())));
    then(ReadLoginRow(served->entry->value(), form));
  };
  // What follows may sign a token, which the database's thread has no time for.
  engine_.Refresh(*std::move(key), nullptr, deadline, [this, judge = std::move(judge)](Result<Served> served) {
    scheduler_.Post([judge, served = std::move(served)]() mutable { judge(std::move(served)); });
  });
}

void Login::Compare(const std::shared_ptr<Pending>& pending, Result<LoginRow> row) {
  if (!row && row.error().code != ErrorCode::kLoginRefused) return End(pending, Failure(std::move(row.error())));
  if (pending->state->login->password_hash_salt) {
    if (!row) return End(pending, Failure(std::move(row.error())));
    return Answer(pending, *row, TokenIssuer::NewSession());
  }
  if (workers_.Run([this, pending, row = std::move(row)] { Judge(pending, row); })) return;
  End(pending, Fail(ErrorCode::kOverloaded, "too many are logging in"));
}

// Who is unknown, or has no hash, is held against nobody's, which takes as long.
void Login::Judge(const std::shared_ptr<Pending>& pending, const Result<LoginRow>& row) {
  const bool has_hash = row && IsPasswordHash(row->password_hash);
  if (has_hash) nobody_.Learn(row->password_hash);
  const bool right = IsPassword(has_hash ? row->password_hash : nobody_.Hash(), pending->attempt.password);
  if (!has_hash || !right) return End(pending, Unknown());
  Answer(pending, *row, TokenIssuer::NewSession());
}

void Login::Answer(const std::shared_ptr<Pending>& pending, const LoginRow& row, const LoginSession& session) {
  End(pending, pending->state->issuer->Issue(row, pending->attempt.user, session, pending->now_unix_s));
}

void Login::End(const std::shared_ptr<Pending>& pending, Result<IssuedTokens> result) {
  --under_way_;
  if (result) {
    if (!pending->renews) GiveBack(*pending);
    ++(pending->renews ? counters_.renewed : counters_.done);
  } else if (result.error().code == ErrorCode::kLoginRefused) {
    ++counters_.refused;
  } else {
    ++counters_.failed;
    if (result.error().code == ErrorCode::kPrimerFailed) {
      failures_logged_.Warn(Clock::now(), "a login failed", result.error().message);
    }
  }
  pending->done(std::move(result));
}

Result<IdentityPtr> Login::OpenRefreshToken(std::string_view token, std::int64_t now_unix_s) const {
  Result<IdentityPtr> identity = authenticator_.state()->verifier.Verify(token, TokenUse::kRefresh, now_unix_s);
  if (!identity) return identity;
  const auto user = (*identity)->claims.find(kUserClaim);
  const bool named = user != (*identity)->claims.end() && user->second.has_value();
  if (!named || (*identity)->session.empty() || !TurnOf(**identity)) {
    return Fail(ErrorCode::kTokenInvalid, "this refresh token is none of this server's");
  }
  return identity;
}

void Login::Renew(const std::string& refresh_token, LoginTimes times, TokensCallback done) {
  const Result<IdentityPtr> identity = OpenRefreshToken(refresh_token, times.now_unix_s);
  if (!identity) return done(Failure(identity.error()));
  const auto pending = Begin({*(*identity)->claims.find(kUserClaim)->second, {}, {}}, times, std::move(done));
  if (!pending) return;
  pending->renews = true;
  Read(pending, times.deadline,
       [this, pending, token = *identity](Result<LoginRow> row) { GoOn(pending, token, std::move(row)); });
}

// The token is used up last: where the user cannot be read now, the client comes again with it.
void Login::GoOn(const std::shared_ptr<Pending>& pending, const IdentityPtr& token, Result<LoginRow> row) {
  if (!row) return End(pending, Failure(std::move(row.error())));
  if (row->subject != token->subject) return End(pending, Unknown());  // the name is another user's by now
  const std::uint64_t turn = *TurnOf(*token);
  const std::int64_t until = pending->now_unix_s + pending->state->login->refresh_life.count() + kLeewaySecondsMax;
  sessions_.TakeTurn(*token, turn, until, pending->now_unix_s,
                     [this, pending, token, turn, row = *std::move(row)](Result<void> taken) {
                       if (!taken) return End(pending, Failure(std::move(taken.error())));
                       Answer(pending, row, {token->session, turn + 1});
                     });
}

void Login::LogOut(const Identity& identity, std::int64_t now_unix_s, Sessions::DoneCallback done) {
  const auto login = authenticator_.state()->login;
  std::int64_t until = identity.expires_unix_s;
  if (login) until = std::max(until, now_unix_s + (login->refresh_life + login->token_life).count());
  sessions_.End(identity, until + kLeewaySecondsMax, now_unix_s, std::move(done));
}

}  // namespace kck
