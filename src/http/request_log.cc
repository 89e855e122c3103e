#include "http/request_log.h"

#include <atomic>

#include "base/log.h"
#include "model/product_key.h"

namespace kck {
namespace {

std::atomic<bool> is_on{false};

std::string_view MethodName(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kDelete:
      return "DELETE";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kOther:
      return "other";
  }
  return "other";
}

// Only a name that the definitions have: any other text of a path is the client's own.
void AddDefinition(LogFields& fields, Exchange& exchange, std::string_view name) {
  const CatalogPtr catalog = exchange.engine().catalog();
  if (catalog->Find(name) != nullptr) fields.Text("product", name);
  if (catalog->FindUpdater(name) != nullptr) fields.Text("updater", name);
}

bool IsProbe(Call call) { return call == Call::kHealth || call == Call::kReady || call == Call::kMetrics; }

}  // namespace

void SetRequestLog(bool on) { is_on = on; }
bool RequestLogIsOn() { return is_on.load(std::memory_order_relaxed); }

void LogRequest(Exchange& exchange, const LoggedRequest& logged) {
  const LogLevel level = IsProbe(logged.call) ? LogLevel::kDebug : LogLevel::kInfo;
  if (!LogTakes(level)) return;
  const Request& request = exchange.request();
  LogFields fields;
  fields.Text("method", MethodName(request.method)).Text("call", CallName(logged.call));
  AddDefinition(fields, exchange, KeyName(FindRoute(request.method, request.target).key));
  fields.Number("status", static_cast<std::uint64_t>(logged.status)).Number("bytes", logged.bytes);
  fields.Milliseconds("duration_ms", logged.duration);
  if (const auto& answered = exchange.answered()) {
    fields.Text("from", ServedFromName(answered->from)).Text("state", FreshnessName(answered->freshness));
  }
  if (const auto error = exchange.answered_error()) fields.Text("error", ErrorName(*error));
  const Trace& trace = *exchange.trace();
  fields.Text("request_id", trace.request_id).Text("trace_id", trace.trace_id).Text("span_id", trace.span_id);
  const std::string client = exchange.ClientAddress();
  fields.Text("client", client.empty() ? "unix" : client);
  LogLine(level, "request", fields);
}

}  // namespace kck
