// The metrics of processes.
#pragma once

#include "http/metric_families.h"
#include "http/server_state.h"

namespace kck {

// Any thread.
void AddProcessMetrics(Families& families, const ServerState& server);

}  // namespace kck
