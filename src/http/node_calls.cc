#include "base/json.h"
#include "http/calls.h"
#include "http/metrics.h"

namespace kck {

void HealthCall(Exchange& exchange) { exchange.AnswerJson(200, R"({"success":true})"); }

void ReadyCall(Exchange& exchange) {
  const ServerState& server = exchange.server();
  std::vector<std::string> reasons;
  if (server.probes.not_ready) reasons = server.probes.not_ready();
  if (server.draining) reasons.emplace_back("the server is shutting down");
  if (reasons.empty()) return exchange.AnswerJson(200, R"({"success":true,"ready":true})");
  std::string body = R"({"success":false,"ready":false,"reasons":[)";
  for (const std::string& reason : reasons) {
    if (&reason != &reasons.front()) body += ',';
    AppendJsonString(body, reason);
  }
  body += "]}";
  exchange.AnswerJson(503, body);
}

void MetricsCall(Exchange& exchange) {
  exchange.AnswerText("text/plain; version=0.0.4; charset=utf-8", MetricsText(exchange.server()));
}

void IndexCall(Exchange& exchange) {
  std::string body = R"({"success":true,"name":"kck","version":)";
  AppendJsonString(body, exchange.server().probes.version);
  body += R"(,"calls":["GET /fetch/<key>","GET /mget?key=<key>&key=<key>","POST /mget","PUT /set/<key>",)"
          R"("DELETE /fetch/<key>","DELETE /fetch/<name>/*","POST /refresh/<key>?wait=1","POST /refresh/<name>/*",)"
          R"("POST /create/<updater>","PUT /update/<updater>/<key>","DELETE /update/<updater>/<key>",)"
          R"("GET /healthz","GET /readyz","GET /metrics"]})";
  exchange.AnswerJson(200, body);
}

}  // namespace kck
