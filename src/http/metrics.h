// The text of GET /metrics (docs/reference/metrics.md).
#pragma once

#include <string>

#include "http/server_state.h"

namespace kck {

// In Prometheus's text format 0.0.4. Any thread.
std::string MetricsText(const ServerState& server);

}  // namespace kck
