// What all connections of a server share. Lives until the last of them is gone.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "engine/engine.h"
#include "http/server.h"
#include "http/thread_metrics.h"
#include "http/time_text.h"

namespace kck {

struct ServerState {
  Engine& engine;
  const HttpSettings settings;
  const ServerProbes probes;
  std::vector<std::unique_ptr<ThreadMetrics>> metrics;  // one a network thread; does not change once they run
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> connections{0};
  std::atomic<std::uint64_t> connections_refused{0};
};

// What the connections of one network thread share. For that thread.
struct ThreadState {
  ServerState& server;
  ThreadMetrics& metrics;
  TimeText times;
};

}  // namespace kck
