// The log's line a request: which call, of which product, how it was answered, for whom.
//
// It holds no key, query, header or body: parameter values may be anybody's data, and tokens are secrets.
#pragma once

#include "base/scheduler.h"
#include "http/exchange.h"
#include "http/router.h"

namespace kck {

// Whether each request gets its line, at level info; those of /healthz, /readyz and /metrics at debug. Any thread.
void SetRequestLog(bool on);
bool RequestLogIsOn();

struct LoggedRequest {
  Call call = Call::kNone;
  int status = 0;
  std::size_t bytes = 0;  // of the answer, with its head
  Duration duration{};
};

void LogRequest(Exchange& exchange, const LoggedRequest& logged);

}  // namespace kck
