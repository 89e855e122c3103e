// The metrics of compressed answers and their forms.
#pragma once

#include "http/metric_families.h"
#include "http/server_state.h"

namespace kck {

// None where nothing is compressed.
void AddCompressionMetrics(Families& families, const ServerState& server);

}  // namespace kck
