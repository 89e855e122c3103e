// Counts and histograms of all network threads together.
#pragma once

#include <prometheus/client_metric.h>

#include <limits>

#include "http/server_state.h"

namespace kck {

// `pick` gives the count of one thread's ThreadMetrics.
template <typename Pick>
std::uint64_t SumOfThreads(const ServerState& server, Pick pick) {
  std::uint64_t sum = 0;
  for (const auto& thread : server.metrics) sum += pick(*thread).load(std::memory_order_relaxed);
  return sum;
}

// `counts` gives the buckets of one thread's ThreadMetrics, one more than there are bounds; `sum` what its values add
// up to, where `sum_unit` makes one of the bounds' unit.
template <typename Bounds, typename Counts, typename Sum>
prometheus::ClientMetric::Histogram HistogramOfThreads(const ServerState& server, const Bounds& bounds, Counts counts,
                                                       Sum sum, double sum_unit) {
  prometheus::ClientMetric::Histogram histogram;
  for (std::size_t bucket = 0; bucket <= bounds.size(); ++bucket) {
    const auto count = [&](const ThreadMetrics& thread) -> const auto& { return counts(thread).at(bucket); };
    histogram.sample_count += SumOfThreads(server, count);
    const bool last = bucket == bounds.size();
    const double bound = last ? std::numeric_limits<double>::infinity() : bounds.at(bucket);
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = static_cast<double>(SumOfThreads(server, sum)) / sum_unit;
  return histogram;
}

}  // namespace kck
