// What the system says of this process, by the names that Prometheus's own client libraries use.
#pragma once

#include "http/metric_families.h"

namespace kck {

// Any thread. What cannot be read is left out.
void AddSystemMetrics(Families& families);

}  // namespace kck
