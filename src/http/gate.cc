#include "http/gate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "http/client_address.h"
#include "model/product_key.h"

namespace kck {
namespace {

bool IsOpen(Exchange& exchange) { return exchange.is_trusted() || exchange.server().node.authenticator == nullptr; }

Result<void> RequireAdministrator(Exchange& exchange) {
  const Result<IdentityPtr> identity = exchange.Identify();
  if (!identity) return Failure(identity.error());
  const std::string& role = exchange.thread().tokens->state().admin_role;
  if ((*identity)->HasRole(role)) return {};
  return Fail(ErrorCode::kForbidden, fmt::format("this is for administrators: tokens with the role {}", role));
}

// Any that holds: what is described is for those who may call some of it.
Result<void> RequireToken(Exchange& exchange) {
  exchange.AnswersPersonally();
  const Result<IdentityPtr> identity = exchange.Identify();
  if (!identity) return Failure(identity.error());
  return {};
}

bool NeedsAdministrator(Exchange& exchange, Call call) {
  switch (call) {
    case Call::kSet:
    case Call::kPurge:
    case Call::kRefresh:
    case Call::kHolder:
    case Call::kGiveUp:
    case Call::kExplain:
    case Call::kQueue:
    case Call::kRetry:
    case Call::kProcesses:
    case Call::kRunProcess:
      return true;
    case Call::kMetrics:
      return !exchange.thread().tokens->state().public_metrics;
    case Call::kFetch:
    case Call::kMget:
    case Call::kLease:
    case Call::kCreate:
    case Call::kUpdate:
    case Call::kDelete:
    case Call::kLogin:
    case Call::kToken:
    case Call::kLogout:
    case Call::kHealth:
    case Call::kReady:
    case Call::kOpenApi:
    case Call::kIndex:
    case Call::kNone:
      break;
  }
  return false;
}

Failure Unbound(const ClaimBinding& binding, const Param& param, std::string_view why) {
  return Fail(ErrorCode::kForbidden,
              fmt::format("parameter {} comes from the token's claim {}, {}", param.name, binding.claim, why));
}

Result<ParamValue> ClaimValue(const ClaimBinding& binding, const Param& param, const Identity& identity) {
  const auto claim = identity.claims.find(binding.claim);
  if (claim == identity.claims.end()) return Unbound(binding, param, "which it has not");
  if (!claim->second) {
    if (param.nullable) return ParamValue{};
    return Unbound(binding, param, "which is null, and the parameter is not nullable");
  }
  Result<std::string> text = CanonicalText(param.type, *claim->second);
  if (!text) return Unbound(binding, param, "which does not fit: " + text.error().message);
  return ParamValue{*std::move(text)};
}

// What `access` takes from the token; an error where it does not open.
Result<TokenParams> Open(Exchange& exchange, const Access& access, const std::vector<Param>& params) {
  if (access.kind == AccessKind::kPublic) return TokenParams();
  exchange.AnswersPersonally();
  if (access.kind == AccessKind::kUnsaid) {
    if (Result<void> open = RequireAdministrator(exchange); !open) return Failure(std::move(open.error()));
    return TokenParams();
  }
  const Result<IdentityPtr> identity = exchange.Identify();
  if (!identity) return Failure(identity.error());
  const auto has_role = [&](const std::string& role) { return (*identity)->HasRole(role); };
  if (!access.roles.empty() && std::ranges::none_of(access.roles, has_role)) {
    return Fail(ErrorCode::kForbidden,
                fmt::format("this is for tokens with one of the roles {}", fmt::join(access.roles, ", ")));
  }
  TokenParams from_token;
  for (const ClaimBinding& binding : access.claims) {
    Result<ParamValue> value = ClaimValue(binding, params[binding.param], **identity);
    if (!value) return Failure(std::move(value.error()));
    from_token.emplace(binding.param, *std::move(value));
  }
  return from_token;
}

}  // namespace

std::optional<Duration> ThrottleOf(Exchange& exchange, Call call) {
  const std::optional<RateLimitSettings>& limit = exchange.server().settings.rate_limit;
  if (!limit || exchange.is_trusted() || call == Call::kHealth || call == Call::kReady) return std::nullopt;
  std::string name = LimitedName(exchange.ClientAddress());
  if (exchange.server().node.authenticator != nullptr && exchange.request().has_authorization) {
    // A token that does not hold names nobody: who tries many has one address.
    if (const auto identity = exchange.Identify(); identity && !(*identity)->subject.empty()) {
      name = fmt::format("sub {}", (*identity)->subject);
    }
  }
  ServerState& server = exchange.server();
  const std::optional<Duration> wait = server.rates.Take(name, {limit->per_second, limit->burst}, Clock::now());
  if (wait) ++server.throttled;
  return wait;
}

Result<void> OpenCall(Exchange& exchange, Call call) {
  if (IsOpen(exchange)) return {};
  if (call == Call::kOpenApi) return RequireToken(exchange);
  if (!NeedsAdministrator(exchange, call)) return {};
  return RequireAdministrator(exchange);
}

Result<std::string_view> OpenKey(Exchange& exchange, std::string_view raw_key, std::string& room) {
  if (IsOpen(exchange)) return raw_key;
  static const Access kUnsaid;
  const std::string_view name = KeyName(raw_key);
  ProductPtr product = exchange.engine().FindProduct(name);
  if (!product && name.find('%') != std::string_view::npos) {
    product = exchange.engine().FindProduct(DecodeSegment(name).value_or(""));
  }
  const Result<TokenParams> from_token =
      product ? Open(exchange, product->access, product->params) : Open(exchange, kUnsaid, {});
  if (!from_token) return Failure(from_token.error());
  if (from_token->empty()) return raw_key;
  if (Result<void> bound = BindKey(raw_key, *product, *from_token, room); !bound) {
    return Failure(std::move(bound.error()));
  }
  return room;
}

Result<TokenParams> OpenUpdater(Exchange& exchange, const Updater& updater) {
  if (IsOpen(exchange)) return TokenParams();
  return Open(exchange, updater.access, updater.params);
}

bool IsAdministrator(Exchange& exchange) { return IsOpen(exchange) || RequireAdministrator(exchange).has_value(); }

}  // namespace kck
