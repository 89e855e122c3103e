// What all connections of a server share. Lives until the last of them is gone.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/log_limit.h"
#include "engine/engine.h"
#include "http/accept_encoding.h"
#include "http/byte_budget.h"
#include "http/client_address.h"
#include "http/openapi.h"
#include "http/rate_limiter.h"
#include "http/request_trace.h"
#include "http/server.h"
#include "http/thread_metrics.h"
#include "http/time_text.h"
#include "http/tls_certificates.h"

namespace kck {

struct ServerState {
  ServerState(const Node& serving_node, const HttpSettings& http_settings, ServerProbes server_probes)
      : node(serving_node),
        settings(http_settings),
        probes(std::move(server_probes)),
        bodies(settings.bodies_bytes_max),
        unsent(settings.unsent_bytes_max),
        proxies(settings.trusted_proxies),
        certificates(settings.tls ? std::make_unique<TlsCertificates>(*settings.tls) : nullptr) {}

  const Node node;
  const HttpSettings settings;
  const ServerProbes probes;
  ByteBudget bodies;  // of requests that are under way
  ByteBudget unsent;  // of answers that clients do not take
  const ProxyTrust proxies;
  RateLimiter rates;                                    // of http.rate_limit
  const std::unique_ptr<TlsCertificates> certificates;  // null: HTTP is served plainly
  std::atomic<std::uint64_t> throttled{0};
  LogLimit failed_handshakes{std::chrono::seconds(10)};
  OpenApiDocuments openapi;
  std::vector<std::unique_ptr<ThreadMetrics>> metrics;  // one a network thread; does not change once they run
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> connections{0};
  std::atomic<std::uint64_t> connections_refused{0};
};

// What the connections of one network thread share. For that thread.
struct ThreadState {
  static constexpr std::size_t kReadBytes = std::size_t{64} << 10U;

  ServerState& server;
  ThreadMetrics& metrics;
  TimeText times = {};
  std::string scratch = {};                                       // text that is measured before it is sent
  std::string key = {};                                           // the request's, with what its token gives
  std::optional<TokenCache> tokens = {};                          // nothing where none are asked for
  AcceptedCodings accepted = {};                                  // by the last request that named some
  RequestNames names = {};                                        // for requests
  std::uint32_t until_timed = kHitsATimed;                        // requests to the next one that is timed
  std::string spare_output = {};                                  // the memory of an output that is not in use
  std::vector<char> read_buffer = std::vector<char>(kReadBytes);  // of the connection whose turn it is
};

}  // namespace kck
