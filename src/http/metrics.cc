#include "http/metrics.h"

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

#include "engine/leases.h"
#include "http/compression_metrics.h"
#include "http/login_metrics.h"
#include "http/process_metrics.h"
#include "http/refresh_metrics.h"
#include "http/served_metrics.h"
#include "http/system_metrics.h"
#include "http/thread_sum.h"
#include "http/worker_metrics.h"

namespace kck {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

void AddRequests(Families& families, const ServerState& server) {
  MetricFamily& family =
      AddFamily(families, "kck_http_requests_total", "Answers sent, by call and class of status.", MetricType::Counter);
  for (std::size_t call = 0; call < kCalls; ++call) {
    for (std::size_t digit = 1; digit < 6; ++digit) {
      const auto pick = [&](const ThreadMetrics& thread) -> const auto& { return thread.requests.at(call).at(digit); };
      const std::uint64_t count = SumOfThreads(server, pick);
      if (count == 0) continue;
      ClientMetric& metric = AddCounterMetric(family, static_cast<double>(count));
      metric.label = {{"call", std::string(CallName(static_cast<Call>(call)))}, {"status", fmt::format("{}xx", digit)}};
    }
  }
}

void AddWaits(Families& families, const ServerState& server) {
  MetricFamily& family =
      AddFamily(families, "kck_http_wait_seconds",
                "Time from a whole request to its answer, of requests that could not be answered at once.",
                MetricType::Histogram);
  family.metric.emplace_back().histogram = HistogramOfThreads(
      server, kWaitSecondsBounds, [](const ThreadMetrics& thread) -> const auto& { return thread.waits; },
      [](const ThreadMetrics& thread) -> const auto& { return thread.wait_us; }, 1e6);
}

void AddServer(Families& families, const ServerState& server) {
  MetricFamily& build =
      AddFamily(families, "kck_build_info", "Always 1; the label names the version.", MetricType::Gauge);
  build.metric.emplace_back().gauge.value = 1;
  build.metric.back().label = {{"version", server.probes.version}};
  const DefinitionsReport definitions = server.probes.definitions();
  AddCounter(families, "kck_definitions_reloads_total", "Changes of the files that were taken.", definitions.reloads);
  AddGauge(families, "kck_definitions_refused", "1 while the files have a fault and an older state is in service.",
           definitions.refused.empty() ? 0 : 1);
  AddGauge(families, "kck_ready", "1 while /readyz says so.", server.draining ? 0 : 1);
  AddRequests(families, server);
  AddWaits(families, server);
  AddGauge(families, "kck_http_connections", "Connections that are open.", server.connections);
  AddCounter(families, "kck_http_connections_refused_total", "Connections refused at http.connections_max.",
             server.connections_refused);
  AddGauge(families, "kck_http_bodies_bytes", "Bytes of request bodies held now, of http.bodies_bytes_max.",
           server.bodies.bytes());
  AddCounter(families, "kck_http_bodies_refused_total", "Requests refused at http.bodies_bytes_max.",
             server.bodies.refused());
  AddGauge(families, "kck_http_unsent_bytes", "Bytes of answers that clients do not take, of http.unsent_bytes_max.",
           server.unsent.bytes());
  AddCounter(families, "kck_http_unsent_closed_total", "Connections closed at http.unsent_bytes_max.",
             server.unsent.refused());
  const std::uint64_t hits =
      SumOfThreads(server, [](const ThreadMetrics& thread) -> const auto& { return thread.hot_hits; });
  AddCounter(families, "kck_hot_hits_total", "Keys answered at once from this node's memory.", hits);
}

// Where HTTPS is served.
void AddTls(Families& families, const ServerState& server) {
  if (!server.certificates) return;
  const std::int64_t until = server.certificates->current().valid_until;
  AddGauge(families, "kck_tls_certificate_expires_seconds",
           "When the certificate in service expires, in seconds since 1970.",
           static_cast<std::uint64_t>(std::max<std::int64_t>(0, until)));
  AddCounter(families, "kck_tls_handshakes_failed_total", "TLS handshakes that failed, or did not end in time.",
             SumOfThreads(server, [](const ThreadMetrics& thread) -> const auto& { return thread.failed_handshakes; }));
}

void AddLeases(Families& families, const Leases& leases) {
  const LeaseCounters& counters = leases.counters();
  AddGauge(families, "kck_leases", "Keys that applications compute now.", leases.leases());
  AddGauge(families, "kck_lease_waiters", "Requests that wait for what applications compute.", leases.waiting());
  AddCounter(families, "kck_leases_granted_total", "Leases given to applications.", counters.granted);
  AddCounters(families, "kck_leases_ended_total", "Leases that ended, by how.", "how",
              {{"published", counters.published},
               {"superseded", counters.superseded},
               {"given_up", counters.given_up},
               {"expired", counters.expired},
               {"lost", counters.lost}});
}

void AddEngine(Families& families, Engine& engine) {
  const EngineCounters& counters = engine.counters();
  AddCounter(families, "kck_store_hits_total", "Keys answered from the store.", counters.store_hits);
  AddCounter(families, "kck_store_errors_total", "Reads and writes that the store failed.", counters.store_errors);
  AddGauge(families, "kck_store_writing", "Entries that the store has yet to answer for.", engine.storing());
  const StoreHealth store = engine.store_health();
  AddCounter(families, "kck_store_damaged_total", "Reads of the store that met a damaged entry.", store.damaged);
  AddCounter(families, "kck_store_set_aside_total", "Times that damaged files of the store were set aside.",
             store.set_aside);
  AddGauge(families, "kck_store_connected", "1 while the store is reached.", store.connected ? 1 : 0);
  AddGauge(families, "kck_store_waiting", "Entries that wait for a store that is not reached.", store.writes_waiting);
  AddCounter(families, "kck_store_given_up_total", "Computed entries that waited too long for the store.",
             store.writes_given_up);
  AddCounter(families, "kck_store_rechecks_total", "Looks at the store for what others may have put.",
             counters.rechecks);
  AddCounter(families, "kck_fills_total", "Values whose computing began.", counters.fills);
  AddCounter(families, "kck_fill_errors_total", "Values whose computing failed.", counters.fill_errors);
  AddCounter(families, "kck_fill_renewals_total", "Fills that brought the content that was there.", counters.renewals);
  AddCounter(families, "kck_fills_discarded_total",
             "Fills thrown away: something newer, a set or a purge came between.", counters.discarded);
  AddCounter(families, "kck_fill_seconds_total", "Time that sources spent on fills.",
             static_cast<double>(counters.fill_cost_us) / 1e6);
  AddCounter(families, "kck_flight_joins_total", "Requests that waited for a value another one had asked for.",
             counters.joined);
  AddCounter(families, "kck_stale_served_total", "Keys answered with a stale or suspect value.", counters.stale_served);
  AddCounter(families, "kck_overloaded_total", "Requests refused because a bounded queue was full.",
             counters.overloaded);
  AddGauge(families, "kck_flights", "Values being computed now.", engine.flights());
  AddLeases(families, engine.leases());
  const HotTierStats hot = engine.hot_stats();
  AddGauge(families, "kck_hot_entries", "Entries in this node's memory.", hot.entries);
  AddGauge(families, "kck_hot_bytes", "Bytes that they take, of the budget `memory`.", hot.bytes);
  AddCounter(families, "kck_hot_evictions_total", "Entries pushed out of memory by the budget.", hot.evictions);
}

void AddUpdaters(Families& families, const Engine& engine) {
  const auto counts = engine.updater_counts();
  MetricFamily& writes = AddFamily(families, "kck_writes_total", "Writes, by updater and result.", MetricType::Counter);
  for (const auto& [updater, count] : counts) {
    for (const auto& [result, number] : count.results) {
      AddCounterMetric(writes, static_cast<double>(number)).label = {{"updater", updater}, {"result", result}};
    }
  }
  MetricFamily& times = AddFamily(families, "kck_write_seconds_total",
                                  "Time from a write's call to its answer, by updater.", MetricType::Counter);
  for (const auto& [updater, count] : counts) {
    AddCounterMetric(times, static_cast<double>(count.time_us) / 1e6).label = {{"updater", updater}};
  }
}

}  // namespace

std::string MetricsText(const ServerState& server) {
  Families families;
  AddServer(families, server);
  AddTls(families, server);
  AddLoginMetrics(families, server);
  AddCompressionMetrics(families, server);
  AddServedMetrics(families, server);
  AddEngine(families, server.node.engine);
  AddFillMetrics(families, server.node.engine);
  AddRefreshMetrics(families, server);
  AddSourceMetrics(families, server);
  AddUpdaters(families, server.node.engine);
  AddProcessMetrics(families, server);
  AddWorkerMetrics(families, server);
  AddSystemMetrics(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace kck
