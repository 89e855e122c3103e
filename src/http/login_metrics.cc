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
  AddCounters(families, "kck_logins_total", "Logins and renewals, by what came of them.", "result",
              {{"done", counters.done},
               {"renewed", counters.renewed},
               {"refused", counters.refused},
               {"limited", counters.limited},
               {"failed", counters.failed}});
}

}  // namespace kck
