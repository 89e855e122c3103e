// Building the metrics' families, for the files that fill them.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kck {

using Families = std::vector<prometheus::MetricFamily>;

prometheus::MetricFamily& AddFamily(Families& families, std::string name, std::string help,
                                    prometheus::MetricType type);

// One metric of a family.
prometheus::ClientMetric& AddCounterMetric(prometheus::MetricFamily& family, double value);
prometheus::ClientMetric& AddGaugeMetric(prometheus::MetricFamily& family, double value);

// Families of one metric without labels.
void AddCounter(Families& families, std::string name, std::string help, double value);
void AddCounter(Families& families, std::string name, std::string help, std::uint64_t value);
void AddGauge(Families& families, std::string name, std::string help, std::uint64_t value);

// A family of counters that one label tells apart: `counts` are by its values.
void AddCounters(Families& families, std::string name, std::string help, const char* label,
                 std::initializer_list<std::pair<const char*, std::uint64_t>> counts);

}  // namespace kck
