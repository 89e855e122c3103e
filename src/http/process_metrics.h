// The part of GET /metrics that is about processes.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "process/process_runner.h"

namespace kck {

void AddProcesses(std::vector<prometheus::MetricFamily>& families, const ProcessRunner& processes);

}  // namespace kck
