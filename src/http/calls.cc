#include "http/calls.h"

#include <fmt/format.h>

#include "http/cors.h"
#include "http/gate.h"

namespace kck {
namespace {

void AnswerNoCall(Exchange& exchange, const Route& route) {
  if (route.allow.empty()) {
    return exchange.AnswerRefusal(404, "there is no such call; GET / lists those that there are", {});
  }
  exchange.AnswerRefusal(405, fmt::format("this path takes {}", route.allow), route.allow);
}

// A preflight that is answered, a write of another site's page that is refused. False: there is neither.
bool AnswerBrowser(Exchange& exchange, const Route& route) {
  const CorsSettings& cors = exchange.server().settings.cors;
  const Request& request = exchange.request();
  if (IsPreflight(request) && AllowsOrigin(cors, request.origin) && !route.allow.empty()) {
    exchange.AnswerPreflight(route.allow);
    return true;
  }
  if (!IsForgery(cors, request)) return false;
  const Error error{ErrorCode::kForbidden,
                    "this comes from a page of another site, which http.cors of kck.yml does not name"};
  exchange.AnswerError(error, {});
  return true;
}

}  // namespace

Call RunCall(Exchange& exchange) {
  const Route route = FindRoute(exchange.request().method, exchange.request().target);
  if (AnswerBrowser(exchange, route)) return route.call;
  if (const std::optional<Duration> wait = ThrottleOf(exchange, route.call)) {
    exchange.AnswerTooMany(*wait, "this client asks for more than http.rate_limit lets it", route.key);
    return route.call;
  }
  if (const Result<void> open = OpenCall(exchange, route.call); !open) {
    exchange.AnswerError(open.error(), route.key);
    return route.call;
  }
  switch (route.call) {
    case Call::kFetch:
      FetchCall(exchange, route);
      break;
    case Call::kMget:
      MgetCall(exchange, route);
      break;
    case Call::kSet:
      SetCall(exchange, route);
      break;
    case Call::kPurge:
      PurgeCall(exchange, route);
      break;
    case Call::kRefresh:
      RefreshCall(exchange, route);
      break;
    case Call::kHolder:
      HolderCall(exchange);
      break;
    case Call::kLease:
      LeaseCall(exchange, route);
      break;
    case Call::kGiveUp:
      GiveUpCall(exchange, route);
      break;
    case Call::kCreate:
      CreateCall(exchange, route);
      break;
    case Call::kUpdate:
      UpdateCall(exchange, route);
      break;
    case Call::kDelete:
      DeleteCall(exchange, route);
      break;
    case Call::kLogin:
      LoginCall(exchange, route);
      break;
    case Call::kToken:
      TokenCall(exchange);
      break;
    case Call::kLogout:
      LogoutCall(exchange, route);
      break;
    case Call::kExplain:
      ExplainCall(exchange, route);
      break;
    case Call::kQueue:
      QueueCall(exchange, route);
      break;
    case Call::kRetry:
      RetryCall(exchange, route);
      break;
    case Call::kProcesses:
      ProcessesCall(exchange);
      break;
    case Call::kRunProcess:
      RunProcessCall(exchange, route);
      break;
    case Call::kHealth:
      HealthCall(exchange);
      break;
    case Call::kReady:
      ReadyCall(exchange);
      break;
    case Call::kMetrics:
      MetricsCall(exchange);
      break;
    case Call::kOpenApi:
      OpenApiCall(exchange);
      break;
    case Call::kIndex:
      IndexCall(exchange);
      break;
    case Call::kNone:
      AnswerNoCall(exchange, route);
      break;
  }
  return route.call;
}

}  // namespace kck
