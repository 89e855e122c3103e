#include "base/json.h"
#include "http/calls.h"
#include "http/gate.h"
#include "http/metrics.h"

namespace kck {

void HealthCall(Exchange& exchange) { exchange.AnswerJson(200, R"({"success":true})"); }

namespace {

void AppendStrings(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  for (const std::string& text : texts) {
    if (&text != &texts.front()) out += ',';
    AppendJsonString(out, text);
  }
  out += ']';
}

}  // namespace

// A refused change takes no traffic away: what was in service before it still is.
void ReadyCall(Exchange& exchange) {
  const ServerState& server = exchange.server();
  const bool ready = !server.draining;
  std::string body = ready ? R"({"success":true,"ready":true)" : R"({"success":false,"ready":false,"reasons":)";
  if (!ready) AppendStrings(body, {"the server is shutting down"});
  // Values are served all the same: a node without its store takes no traffic away either.
  if (!exchange.server().node.engine.store_health().connected) body += R"(,"store":"not reached")";
  const DefinitionsReport definitions = server.probes.definitions();
  // Faults name files, and quote them.
  if (!definitions.refused.empty() && IsAdministrator(exchange)) {
    body += R"(,"refused_change":)";
    AppendStrings(body, definitions.refused);
  }
  body += '}';
  exchange.AnswerJson(ready ? 200 : 503, body);
}

void MetricsCall(Exchange& exchange) {
  exchange.AnswerText("text/plain; version=0.0.4; charset=utf-8", MetricsText(exchange.server()));
}

void IndexCall(Exchange& exchange) {
  std::string body = R"({"success":true,"name":"kck","version":)";
  AppendJsonString(body, exchange.server().probes.version);
  body += R"(,"calls":["GET /fetch/<key>","GET /mget?key=<key>&key=<key>","POST /mget","PUT /set/<key>",)"
          R"("DELETE /fetch/<key>","DELETE /fetch/<name>/*","POST /refresh/<key>?wait=1","POST /refresh/<name>/*",)"
          R"("POST /lease","POST /lease/<key>?wait_ms=15000&hold_ms=60000","DELETE /lease/<key>",)"
          R"("POST /create/<updater>","PUT /update/<updater>/<key>","DELETE /update/<updater>/<key>",)"
          R"("POST /login/<user>","POST /token","POST /logout",)"
          R"("GET /explain/<key>","GET /queue?keys=20","POST /queue/retry?key=<key>",)"
          R"("GET /processes","POST /processes/<name>/run?wait=1",)"
          R"("GET /healthz","GET /readyz","GET /metrics","GET /openapi.json"]})";
  exchange.AnswerJson(200, body);
}

}  // namespace kck
