#include "http/login_metrics.h"

namespace kck {

void AddLoginMetrics(Families& families, const ServerState& server) {
  if (server.settings.rate_limit) {
    AddCounter(families, "kck_http_throttled_total", "Requests refused at http.rate_limit.", server.throttled);
  }
  const Login* login = server.node.login;
  if (login == nullptr) return;
  AddGauge(families, "kck_sessions_remembered", "Sessions that were ended, or renewed, and could still be used.",
           login->sessions_known());
  if (!login->is_on()) return;
  const LoginCounters& counters = login->counters();
  prometheus::MetricFamily& family = AddFamily(
      families, "kck_logins_total", "Logins and renewals, by what came of them.", prometheus::MetricType::Counter);
  const auto add = [&](const char* result, std::uint64_t count) {
    AddCounterMetric(family, static_cast<double>(count)).label = {{"result", result}};
  };
  add("done", counters.done);
  add("renewed", counters.renewed);
  add("refused", counters.refused);
  add("limited", counters.limited);
  add("failed", counters.failed);
}

}  // namespace kck
