#include "http/refresh_metrics.h"

namespace kck {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using Databases = std::vector<DatabaseRefreshReport>;
using Products = std::vector<ProductRefreshReport>;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// A family with one metric for each of the items, named by `label`.
template <typename Items, typename Value>
void AddEach(Families& families, std::string name, std::string help, MetricType type, const char* label,
             const Items& items, const Value& value) {
  MetricFamily& family = AddFamily(families, std::move(name), std::move(help), type);
  for (const auto& item : items) {
    const auto number = static_cast<double>(value(item));
    auto& metric = type == MetricType::Counter ? AddCounterMetric(family, number) : AddGaugeMetric(family, number);
    metric.label = {{label, item.name}};
  }
}

void AddDue(Families& families, const Databases& databases) {
  MetricFamily& due =
      AddFamily(families, "kck_refresh_due", "Keys that are due, by database and state.", MetricType::Gauge);
  for (const auto& database : databases) {
    const auto add = [&](DueState state, std::size_t keys) {
      AddGaugeMetric(due, static_cast<double>(keys)).label = {{"database", database.name},
                                                              {"state", std::string(DueStateName(state))}};
    };
    add(DueState::kWaiting, database.due.waiting);
    add(DueState::kLeased, database.due.leased);
    add(DueState::kBackingOff, database.due.backing_off);
    add(DueState::kDead, database.due.dead);
  }
  AddEach(families, "kck_refresh_oldest_seconds", "How long the oldest of them that is not dead has been due.",
          MetricType::Gauge, "database", databases, [](const auto& one) { return Seconds(one.due.oldest); });
}

void AddWishes(Families& families, const Databases& databases) {
  MetricFamily& wishes =
      AddFamily(families, "kck_refresh_wishes_total",
                "Times that a key was asked to be refreshed, by database and reason.", MetricType::Counter);
  for (const auto& database : databases) {
    for (std::size_t reason = 0; reason < kRefreshReasons; ++reason) {
      const std::string_view name = RefreshReasonName(static_cast<RefreshReason>(reason));
      AddCounterMetric(wishes, static_cast<double>(database.counters.wishes.at(reason))).label = {
          {"database", database.name}, {"reason", std::string(name)}};
    }
  }
}

void AddOutcomes(Families& families, const Databases& databases) {
  struct Outcome {
    const char* name;
    const char* help;
    std::uint64_t RefreshCounters::* count;
  };
  constexpr std::array<Outcome, 7> kOutcomes{{
      {"kck_refresh_done_total", "Keys that are fresh again.", &RefreshCounters::done},
      {"kck_refresh_found_fresh_total", "Of these, the ones for which nothing had to be computed.",
       &RefreshCounters::found_fresh},
      {"kck_refresh_missed_total", "Refreshes that did not show the change yet that asked for them.",
       &RefreshCounters::missed},
      {"kck_refresh_failed_total", "Tries that failed.", &RefreshCounters::failed},
      {"kck_refresh_dead_total", "Keys given up after too many of these.", &RefreshCounters::dead},
      {"kck_refresh_refused_total", "Keys not taken because the queue was full.", &RefreshCounters::refused},
      {"kck_refresh_groups_total", "Groups of keys computed together.", &RefreshCounters::groups},
  }};
  for (const Outcome& outcome : kOutcomes) {
    AddEach(families, outcome.name, outcome.help, MetricType::Counter, "database", databases,
            [&outcome](const auto& one) { return one.counters.*outcome.count; });
  }
}

void AddBudgets(Families& families, const Databases& databases) {
  AddEach(families, "kck_refresh_share_configured", "The part of the database's time that refreshes may take.",
          MetricType::Gauge, "database", databases, [](const auto& one) { return one.share_configured; });
  AddEach(families, "kck_refresh_connections", "How many statements of refreshes may run at once.", MetricType::Gauge,
          "database", databases, [](const auto& one) { return one.connections; });
  AddEach(families, "kck_refresh_share", "The part that they may take now: less while the database is slow.",
          MetricType::Gauge, "database", databases, [](const auto& one) { return one.share; });
  AddEach(families, "kck_refresh_busy_seconds_total", "Time of the database that they took.", MetricType::Counter,
          "database", databases, [](const auto& one) { return one.busy_seconds; });
  AddEach(families, "kck_refresh_database_latency_seconds",
          "What a statement that does nothing took last, while refreshes waited; 0 before.", MetricType::Gauge,
          "database", databases, [](const auto& one) { return Seconds(one.latency); });
  AddEach(families, "kck_refresh_congested", "1 while that is much more than usual.", MetricType::Gauge, "database",
          databases, [](const auto& one) { return one.congested ? 1 : 0; });
}

void AddTargets(Families& families, Products products) {
  std::erase_if(products, [](const auto& product) { return !product.fresh; });
  AddEach(families, "kck_fresh_target_seconds", "How old the product's values may become, as its `fresh` says.",
          MetricType::Gauge, "product", products, [](const auto& product) { return Seconds(*product.fresh); });
  AddEach(families, "kck_fresh_met_total", "Values that were no older when they were replaced.", MetricType::Counter,
          "product", products, [](const auto& product) { return product.fresh_met; });
  AddEach(families, "kck_fresh_missed_total", "Values that were older.", MetricType::Counter, "product", products,
          [](const auto& product) { return product.fresh_missed; });
  AddEach(families, "kck_fresh_unreachable", "1 where computing a key takes longer than the target allows.",
          MetricType::Gauge, "product", products, [](const auto& product) { return product.unreachable ? 1 : 0; });
}

struct NamedStats {
  std::string name;
  SourceStats stats;
};

}  // namespace

void AddRefreshMetrics(Families& families, const ServerState& server) {
  const RefreshReport report = server.node.refresher.Report(0);
  AddDue(families, report.databases);
  AddWishes(families, report.databases);
  AddOutcomes(families, report.databases);
  AddBudgets(families, report.databases);
  AddGauge(families, "kck_refresh_scheduled_keys", "Keys that are refreshed by time.", report.scheduled);
  AddTargets(families, report.products);
}

void AddSourceMetrics(Families& families, const ServerState& server) {
  if (!server.probes.sources) return;
  std::vector<NamedStats> sources;
  for (auto& [name, stats] : server.probes.sources()) sources.push_back({name, stats});
  const auto add = [&](const char* name, const char* help, std::uint64_t SourceStats::* count) {
    AddEach(families, name, help, MetricType::Counter, "database", sources,
            [count](const NamedStats& source) { return source.stats.*count; });
  };
  add("kck_source_statements_total", "Statements sent to compute values.", &SourceStats::statements);
  add("kck_source_behind_statements_total", "Of these, the ones for refreshes.", &SourceStats::behind_statements);
  add("kck_source_batches_total", "Of the statements, the ones for several keys.", &SourceStats::batches);
  add("kck_source_batch_keys_total", "Keys in these together.", &SourceStats::batch_keys);
  AddEach(families, "kck_source_filled_singly", "Statements in use whose keys cannot be filled together.",
          MetricType::Gauge, "database", sources, [](const NamedStats& source) { return source.stats.filled_singly; });
}

}  // namespace kck
