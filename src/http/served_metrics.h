// The metrics of what readers got: from where, how old, how fast; and what products cost.
#pragma once

#include "http/metric_families.h"
#include "http/server_state.h"

namespace kck {

// Any thread.
void AddServedMetrics(Families& families, const ServerState& server);
void AddFillMetrics(Families& families, const Engine& engine);

}  // namespace kck
