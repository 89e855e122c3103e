#include "http/worker_metrics.h"

#include "python/worker_pool.h"

namespace kck {

void AddWorkerMetrics(Families& families, const ServerState& server) {
  if (server.node.workers == nullptr) return;
  const WorkerPoolStats stats = server.node.workers->stats();
  const auto gauge = [&](const char* name, const char* help, std::size_t value) {
    AddGauge(families, name, help, value);
  };
  gauge("kck_python_workers", "Python workers that are ready.", stats.workers);
  gauge("kck_python_workers_starting", "Python workers that have yet to import their files.", stats.starting);
  gauge("kck_python_running", "Calls that Python workers run.", stats.running);
  gauge("kck_python_waiting", "Calls that wait for a Python worker.", stats.waiting);
  gauge("kck_python_resident_bytes", "Memory of all Python workers.", stats.resident_bytes);
  AddCounter(families, "kck_python_calls_total", "Calls of Python functions.", stats.calls);
  AddCounters(families, "kck_python_failures_total", "Calls of Python functions that failed, by how.", "how",
              {{"raised", stats.failed}, {"late", stats.timed_out}, {"died", stats.died}});
  AddCounter(families, "kck_python_restarts_total", "Python workers that were started in place of another one.",
             stats.restarts);
}

}  // namespace kck
