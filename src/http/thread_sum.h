// A count of all network threads together.
#pragma once

#include "http/server_state.h"

namespace kck {

// `pick` gives the count of one thread's ThreadMetrics.
template <typename Pick>
std::uint64_t SumOfThreads(const ServerState& server, Pick pick) {
  std::uint64_t sum = 0;
  for (const auto& thread : server.metrics) sum += pick(*thread).load(std::memory_order_relaxed);
  return sum;
}

}  // namespace kck
