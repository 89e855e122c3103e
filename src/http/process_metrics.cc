#include "http/process_metrics.h"

namespace kck {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Family(const char* name, const char* help, MetricType type) {
  MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

ClientMetric& AddMetric(MetricFamily& family, const std::string& process) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = {{"process", process}};
  return metric;
}

}  // namespace

void AddProcesses(std::vector<MetricFamily>& families, const ProcessRunner& processes) {
  MetricFamily runs = Family("kck_process_runs_total", "Runs that ended, by process and result.", MetricType::Counter);
  MetricFamily running = Family("kck_process_running", "1 while the process runs.", MetricType::Gauge);
  MetricFamily success = Family("kck_process_last_success_unixtime",
                                "When the last run that was done ended, in seconds since 1970.", MetricType::Gauge);
  for (const ProcessReport& report : processes.Report()) {
    const std::string& name = report.process->name;
    for (const auto& [result, count] : report.results) {
      ClientMetric& metric = AddMetric(runs, name);
      metric.label.push_back({"result", result});
      metric.counter.value = static_cast<double>(count);
    }
    AddMetric(running, name).gauge.value = report.running_since_unix_ms ? 1 : 0;
    if (report.last_success_unix_ms == 0) continue;
    AddMetric(success, name).gauge.value = static_cast<double>(report.last_success_unix_ms) / 1000;
  }
  for (MetricFamily* family : {&runs, &running, &success}) families.push_back(std::move(*family));
}

}  // namespace kck
