// The calls of logging in and out.
#include <algorithm>

#include "base/json_object.h"
#include "http/calls.h"
#include "http/client_address.h"
#include "http/update_body.h"
#include "model/product_key.h"

namespace kck {
namespace {

// The login of this server; null where it has none, which is answered.
Login* LoginOf(Exchange& exchange) {
  Login* login = exchange.server().node.login;
  if (login != nullptr && login->is_on()) return login;
  exchange.AnswerRefusal(404, "there is no login here: kck.yml has no auth.auth_user", {});
  return nullptr;
}

LoginTimes TimesOf(Exchange& exchange) { return {exchange.Deadline(), exchange.thread().times.unix_seconds()}; }

// A field of the body; nothing where it has none of that name.
Result<std::optional<std::string>> BodyField(Exchange& exchange, std::string_view name) {
  const Request& request = exchange.request();
  Result<std::vector<WriteField>> fields = ReadWriteBody(request.content_type, request.body);
  if (!fields) return Failure(std::move(fields.error()));
  const auto found = std::ranges::find(*fields, name, &WriteField::name);
  if (found == fields->end() || found->kind == WriteField::Kind::kNull) return std::nullopt;
  return std::move(found->text);
}

std::string TokensBody(const IssuedTokens& tokens) {
  std::string body;
  JsonObject object(body);
  object.Bool("success", true);
  object.Text("auth_token", tokens.access);
  object.Text("token_type", "Bearer");
  object.Number("expires_in", static_cast<std::uint64_t>(tokens.access_life.count()));
  if (!tokens.refresh.empty()) object.Text("refresh_token", tokens.refresh);
  object.End();
  return body;
}

// `user`: as the answer of a failure shows it.
Login::TokensCallback TokensLater(Exchange& exchange, std::string user) {
  return [resume = exchange.Later(), user = std::move(user)](Result<IssuedTokens> tokens) {
    resume([user, tokens = std::move(tokens)](Exchange& waiting) {
      if (!tokens) return waiting.AnswerError(tokens.error(), user);
      waiting.AnswerJson(200, TokensBody(*tokens));
    });
  };
}

Result<Login::Attempt> AttemptOf(Exchange& exchange, const Route& route) {
  const auto user = route.key.find('/') == std::string_view::npos ? DecodeSegment(route.key) : std::nullopt;
  if (!user || user->empty()) {
    return Fail(ErrorCode::kBadKey, "the path names one user, percent-encoded: /login/ann%40shop.example");
  }
  Result<std::optional<std::string>> password = BodyField(exchange, "password");
  if (!password) return Failure(std::move(password.error()));
  if (!*password) {
    return Fail(ErrorCode::kBadRequest, R"(the body has the password, as {"password":"…"} or as a form)");
  }
  return Login::Attempt{*user, **std::move(password), LimitedName(exchange.ClientAddress())};
}

// Whose session is to end: by the token, or by the refresh token in the body, where the token's short life is over.
Result<IdentityPtr> LeavingIdentity(Exchange& exchange, const Login& login) {
  Result<std::optional<std::string>> refresh = BodyField(exchange, "refresh_token");
  if (!refresh) return Failure(std::move(refresh.error()));
  if (*refresh) return login.OpenRefreshToken(**refresh, exchange.thread().times.unix_seconds());
  return exchange.Identify();
}

}  // namespace

void LoginCall(Exchange& exchange, const Route& route) {
  Login* login = LoginOf(exchange);
  if (login == nullptr) return;
  Result<Login::Attempt> attempt = AttemptOf(exchange, route);
  if (!attempt) return exchange.AnswerError(attempt.error(), route.key);
  if (const auto wait = login->Admit(*attempt, Clock::now())) {
    return exchange.AnswerTooMany(*wait, "there were too many logins that failed, of this user or from this address",
                                  route.key);
  }
  login->LogIn(*std::move(attempt), TimesOf(exchange), TokensLater(exchange, std::string(route.key)));
}

void TokenCall(Exchange& exchange) {
  Login* login = LoginOf(exchange);
  if (login == nullptr) return;
  const Result<std::optional<std::string>> token = BodyField(exchange, "refresh_token");
  if (!token) return exchange.AnswerError(token.error(), {});
  if (!*token) {
    return exchange.AnswerError({ErrorCode::kBadRequest, R"(the body has the refresh token, as {"refresh_token":"…"})"},
                                {});
  }
  login->Renew(**token, TimesOf(exchange), TokensLater(exchange, {}));
}

void LogoutCall(Exchange& exchange, const Route& route) {
  Login* login = exchange.server().node.login;
  if (login == nullptr) return exchange.AnswerRefusal(404, "there is no logout here: kck.yml has no auth", {});
  if (!route.key.empty() && !exchange.compat_06()) {
    return exchange.AnswerRefusal(404, "this is a call of compat: \"0.6\"; else it is POST /logout", {});
  }
  const Result<IdentityPtr> identity = LeavingIdentity(exchange, *login);
  if (!identity) return exchange.AnswerError(identity.error(), {});
  login->LogOut(**identity, exchange.thread().times.unix_seconds(), [resume = exchange.Later()](Result<void> ended) {
    resume([ended = std::move(ended)](Exchange& waiting) {
      if (!ended) return waiting.AnswerError(ended.error(), {});
      waiting.AnswerJson(200, R"({"success":true})");
    });
  });
}

}  // namespace kck
