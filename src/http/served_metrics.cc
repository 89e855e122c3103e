#include "http/served_metrics.h"

#include <array>

#include "http/thread_sum.h"

namespace kck {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr auto kAgeSecondsBounds = [] {
  std::array<double, kAgeBuckets - 1> bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds.at(i) = static_cast<double>(std::uint64_t{1} << i);
  return bounds;
}();

std::uint64_t OfProducts(const ServerState& server, ServedFrom from) {
  return SumOfThreads(server, [from](const ThreadMetrics& thread) -> const auto& {
    return thread.served_of_products.at(static_cast<std::size_t>(from));
  });
}

void AddServed(Families& families, const ServerState& server) {
  MetricFamily& served = AddFamily(families, "kck_served_total", "Keys answered with a value, by where it came from.",
                                   MetricType::Counter);
  std::uint64_t avoided = 0;
  for (std::size_t i = 0; i < kServedFroms; ++i) {
    const auto from = static_cast<ServedFrom>(i);
    const std::uint64_t of_products = OfProducts(server, from);
    const std::uint64_t of_names =
        SumOfThreads(server, [i](const ThreadMetrics& thread) -> const auto& { return thread.served_of_names.at(i); });
    if (from != ServedFrom::kFill) avoided += of_products;
    AddCounterMetric(served, static_cast<double>(of_products + of_names)).label = {
        {"from", std::string(ServedFromName(from))}};
  }
  AddCounter(families, "kck_statements_avoided_total",
             "Keys of products answered with a value for which no statement had to run.", avoided);
}

void AddAges(Families& families, const ServerState& server) {
  MetricFamily& family =
      AddFamily(families, "kck_served_age_seconds",
                "How long ago the values that were served were read, by their freshness.", MetricType::Histogram);
  for (std::size_t state = 0; state < kStates; ++state) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = {{"state", std::string(FreshnessName(static_cast<Freshness>(state)))}};
    metric.histogram = HistogramOfThreads(
        server, kAgeSecondsBounds,
        [=](const ThreadMetrics& thread) -> const auto& { return thread.ages.at(state).buckets; },
        [=](const ThreadMetrics& thread) -> const auto& { return thread.ages.at(state).sum_ms; }, 1e3);
  }
}

void AddHits(Families& families, const ServerState& server) {
  MetricFamily& family =
      AddFamily(families, "kck_http_hit_seconds",
                "Time from a whole request to its answer, of one in 64 requests, where it was answered at once.",
                MetricType::Histogram);
  family.metric.emplace_back().histogram = HistogramOfThreads(
      server, kHitSecondsBounds, [](const ThreadMetrics& thread) -> const auto& { return thread.hits; },
      [](const ThreadMetrics& thread) -> const auto& { return thread.hit_ns; }, 1e9);
}

}  // namespace

void AddServedMetrics(Families& families, const ServerState& server) {
  AddServed(families, server);
  AddAges(families, server);
  AddHits(families, server);
}

void AddFillMetrics(Families& families, const Engine& engine) {
  const auto counts = engine.fill_counts();
  const auto add = [&](const char* name, const char* help, const auto& value) {
    MetricFamily& family = AddFamily(families, name, help, MetricType::Counter);
    for (const auto& [product, count] : counts) {
      AddCounterMetric(family, value(count)).label = {{"product", product}, {"database", count.database}};
    }
  };
  add("kck_product_fills_total", "Computes that ended, by product.",
      [](const FillCounts& count) { return static_cast<double>(count.fills); });
  add("kck_product_fill_errors_total", "Of these, the ones that failed.",
      [](const FillCounts& count) { return static_cast<double>(count.errors); });
  add("kck_product_fill_seconds_total", "Time that sources spent on them.",
      [](const FillCounts& count) { return static_cast<double>(count.cost_us) / 1e6; });
}

}  // namespace kck
