#include "http/process_metrics.h"

namespace kck {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using Reports = std::vector<ProcessReport>;

void AddRuns(Families& families, const Reports& processes) {
  MetricFamily& runs =
      AddFamily(families, "kck_process_runs_total", "Runs that ended, by process and result.", MetricType::Counter);
  for (const ProcessReport& report : processes) {
    for (const auto& [result, count] : report.results) {
      AddCounterMetric(runs, static_cast<double>(count)).label = {{"process", report.process->name},
                                                                  {"result", result}};
    }
  }
}

void AddRunning(Families& families, const Reports& processes) {
  MetricFamily& running = AddFamily(families, "kck_process_running", "1 while the process runs.", MetricType::Gauge);
  for (const ProcessReport& report : processes) {
    AddGaugeMetric(running, report.running_since_unix_ms ? 1 : 0).label = {{"process", report.process->name}};
  }
}

void AddLastSuccess(Families& families, const Reports& processes) {
  MetricFamily& success = AddFamily(families, "kck_process_last_success_unixtime",
                                    "When the last run that was done ended, in seconds since 1970.", MetricType::Gauge);
  for (const ProcessReport& report : processes) {
    if (report.last_success_unix_ms == 0) continue;
    AddGaugeMetric(success, static_cast<double>(report.last_success_unix_ms) / 1000).label = {
        {"process", report.process->name}};
  }
}

}  // namespace

void AddProcessMetrics(Families& families, const ServerState& server) {
  const Reports processes = server.node.processes.Report();
  AddRuns(families, processes);
  AddRunning(families, processes);
  AddLastSuccess(families, processes);
}

}  // namespace kck
