// The metrics of Python workers.
#pragma once

#include "http/metric_families.h"
#include "http/server_state.h"

namespace kck {

// Any thread. None where the node has no workers.
void AddWorkerMetrics(Families& families, const ServerState& server);

}  // namespace kck
