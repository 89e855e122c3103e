#include "http/router.h"

#include <array>

#include "http/line_syntax.h"

namespace kck {
namespace {

struct Path {
  std::string_view text;  // ends with a slash where a key follows
  std::string_view allow;
  Call get = Call::kNone;  // HEAD as well
  Call post = Call::kNone;
  Call put = Call::kNone;
  Call del = Call::kNone;
};

constexpr std::array<Path, 22> kPaths{{
    {.text = "/fetch/", .allow = "GET, HEAD, DELETE", .get = Call::kFetch, .del = Call::kPurge},
    {.text = "/mget", .allow = "GET, HEAD, POST", .get = Call::kMget, .post = Call::kMget},
    {.text = "/set/", .allow = "PUT", .put = Call::kSet},
    {.text = "/refresh/", .allow = "POST", .post = Call::kRefresh},
    {.text = "/lease", .allow = "POST", .post = Call::kHolder},
    {.text = "/lease/", .allow = "POST, DELETE", .post = Call::kLease, .del = Call::kGiveUp},
    {.text = "/create/", .allow = "POST", .post = Call::kCreate},
    {.text = "/update/", .allow = "PUT, DELETE", .put = Call::kUpdate, .del = Call::kDelete},
    {.text = "/login/", .allow = "POST", .post = Call::kLogin},
    {.text = "/token", .allow = "POST", .post = Call::kToken},
    {.text = "/logout", .allow = "POST", .post = Call::kLogout},
    {.text = "/logout/", .allow = "GET, HEAD", .get = Call::kLogout},
    {.text = "/explain/", .allow = "GET, HEAD", .get = Call::kExplain},
    {.text = "/queue", .allow = "GET, HEAD", .get = Call::kQueue},
    {.text = "/queue/retry", .allow = "POST", .post = Call::kRetry},
    {.text = "/processes", .allow = "GET, HEAD", .get = Call::kProcesses},
    {.text = "/processes/", .allow = "POST", .post = Call::kRunProcess},
    {.text = "/healthz", .allow = "GET, HEAD", .get = Call::kHealth},
    {.text = "/readyz", .allow = "GET, HEAD", .get = Call::kReady},
    {.text = "/metrics", .allow = "GET, HEAD", .get = Call::kMetrics},
    {.text = "/openapi.json", .allow = "GET, HEAD", .get = Call::kOpenApi},
    {.text = "/", .allow = "GET, HEAD", .get = Call::kIndex},
}};

bool HasKey(const Path& path) { return path.text.size() > 1 && path.text.ends_with('/'); }

// RFC 9112, 3.2.2: a server takes the absolute form of a target as well.
std::string_view WithoutAuthority(std::string_view target) {
  constexpr std::string_view kScheme = "http";
  constexpr std::string_view kBehind = "://";
  if (target.starts_with('/') || !SameToken(target.substr(0, kScheme.size()), kScheme)) return target;
  if (!target.substr(kScheme.size()).starts_with(kBehind)) return target;
  const auto end = target.find_first_of("/?", kScheme.size() + kBehind.size());
  return end == std::string_view::npos || target[end] == '?' ? "/" : target.substr(end);
}

Call CallOf(const Path& path, Method method) {
  switch (method) {
    case Method::kGet:
    case Method::kHead:
      return path.get;
    case Method::kPost:
      return path.post;
    case Method::kPut:
      return path.put;
    case Method::kDelete:
      return path.del;
    case Method::kOptions:
    case Method::kOther:
      return Call::kNone;
  }
  return Call::kNone;
}

}  // namespace

std::string_view CallName(Call call) {
  static constexpr std::array<std::string_view, kCalls> kNames{
      "fetch",       "mget",    "set",    "purge",   "refresh", "lease_holder", "lease", "lease_give_up", "create",
      "update",      "delete",  "login",  "token",   "logout",  "explain",      "queue", "queue_retry",   "processes",
      "run_process", "healthz", "readyz", "metrics", "openapi", "index",        "none"};
  return kNames.at(static_cast<std::size_t>(call));
}

Route FindRoute(Method method, std::string_view target) {
  target = WithoutAuthority(target);
  Route route;
  const auto mark = target.find('?');
  if (mark != std::string_view::npos) route.query = target.substr(mark + 1);
  const std::string_view text = target.substr(0, mark);
  for (const Path& path : kPaths) {
    if (HasKey(path) ? !text.starts_with(path.text) : text != path.text) continue;
    if (HasKey(path)) route.key = text.substr(path.text.size());
    route.call = CallOf(path, method);
    if (route.call == Call::kNone) route.allow = path.allow;
    break;
  }
  return route;
}

}  // namespace kck
