#include "http/metric_families.h"

namespace kck {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily& AddFamily(Families& families, std::string name, std::string help, MetricType type) {
  MetricFamily& family = families.emplace_back();
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  return family;
}

ClientMetric& AddCounterMetric(MetricFamily& family, double value) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.counter.value = value;
  return metric;
}

ClientMetric& AddGaugeMetric(MetricFamily& family, double value) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.gauge.value = value;
  return metric;
}

void AddCounter(Families& families, std::string name, std::string help, double value) {
  AddCounterMetric(AddFamily(families, std::move(name), std::move(help), MetricType::Counter), value);
}

void AddCounter(Families& families, std::string name, std::string help, std::uint64_t value) {
  AddCounter(families, std::move(name), std::move(help), static_cast<double>(value));
}

void AddGauge(Families& families, std::string name, std::string help, std::uint64_t value) {
  AddGaugeMetric(AddFamily(families, std::move(name), std::move(help), MetricType::Gauge), static_cast<double>(value));
}

void AddCounters(Families& families, std::string name, std::string help, const char* label,
                 std::initializer_list<std::pair<const char*, std::uint64_t>> counts) {
  MetricFamily& family = AddFamily(families, std::move(name), std::move(help), MetricType::Counter);
  for (const auto& [of, count] : counts) {
    AddCounterMetric(family, static_cast<double>(count)).label = {{label, of}};
  }
}

}  // namespace kck
