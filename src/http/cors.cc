#include "http/cors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "http/response.h"

namespace kck {
namespace {

// Beside those that every page may read.
constexpr std::string_view kExposed =
    "ETag, KCK-State, KCK-Age, KCK-As-Of, Retry-After, WWW-Authenticate, X-Request-Id";
constexpr std::string_view kTaken =
    "Authorization, Content-Type, If-Match, If-None-Match, KCK-After, KCK-Lease, traceparent, X-Request-Id";

bool ChangesNothing(Method method) { return method == Method::kGet || method == Method::kHead; }

}  // namespace

bool AllowsOrigin(const CorsSettings& cors, std::string_view origin) {
  if (origin.empty()) return false;
  return cors.every_origin || std::ranges::find(cors.origins, origin) != cors.origins.end();
}

// That an answer is for one origin alone has to be said to caches also where it names none.
void AppendCorsHeaders(std::string& out, const CorsSettings& cors, std::string_view origin) {
  if (cors.every_origin) {
    AppendHeader(out, "Access-Control-Allow-Origin", "*");
  } else {
    AppendHeader(out, "Vary", "Origin");
    if (!AllowsOrigin(cors, origin)) return;
    AppendHeader(out, "Access-Control-Allow-Origin", origin);
    if (cors.credentials) AppendHeader(out, "Access-Control-Allow-Credentials", "true");
  }
  AppendHeader(out, "Access-Control-Expose-Headers", kExposed);
}

bool IsPreflight(const Request& request) {
  return request.method == Method::kOptions && request.asks_for_method && !request.origin.empty();
}

void AppendPreflightHeaders(std::string& out, const CorsSettings& cors, std::string_view methods) {
  AppendHeader(out, "Access-Control-Allow-Methods", methods);
  if (cors.headers.empty()) {
    AppendHeader(out, "Access-Control-Allow-Headers", kTaken);
  } else {
    AppendHeader(out, "Access-Control-Allow-Headers", fmt::format("{}, {}", kTaken, fmt::join(cors.headers, ", ")));
  }
  AppendHeader(out, "Access-Control-Max-Age", std::to_string(cors.max_age.count()));
}

bool IsForgery(const CorsSettings& cors, const Request& request) {
  if (request.fetch_site.empty() || ChangesNothing(request.method)) return false;
  if (request.fetch_site == "same-origin" || request.fetch_site == "none") return false;
  return !AllowsOrigin(cors, request.origin);
}

}  // namespace kck
