// The metrics of logins and of clients that are held back.
#pragma once

#include "http/metric_families.h"
#include "http/server_state.h"

namespace kck {

// Any thread.
void AddLoginMetrics(Families& families, const ServerState& server);

}  // namespace kck
