// The metrics of what is due, of the targets that products set, and of the sources. Labels name databases, products,
// states and reasons; never keys.
#pragma once

#include "http/metric_families.h"
#include "http/server_state.h"

namespace kck {

// Any thread.
void AddRefreshMetrics(Families& families, const ServerState& server);
void AddSourceMetrics(Families& families, const ServerState& server);

}  // namespace kck
