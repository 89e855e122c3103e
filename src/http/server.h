// The HTTP server: sessions of the browser-facing API over the engine (docs/reference/http.md).
//
// One loop (event_loop.h) a network thread; a connection stays on the thread that accepted it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/node.h"
#include "model/settings.h"
#include "source/source.h"

namespace kck {

// How the definitions in service stand to the files that they came from.
struct DefinitionsReport {
  std::uint64_t reloads = 0;         // changes taken since the start
  std::vector<std::string> refused;  // why the files as they are now are not in service; empty: they are
};

// What /readyz and /metrics ask beyond the engine. Called from network threads.
struct ServerProbes {
  std::function<DefinitionsReport()> definitions;
  std::string version;                                          // of KCK, for kck_build_info
  std::function<std::map<std::string, SourceStats>()> sources;  // by the database's name; empty: none is known
};

class HttpServer {
 public:
  HttpServer(const Node& node, const HttpSettings& settings, int threads, ServerProbes probes);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds and begins to accept. The error says why not (port in use, …).
  Result<void> Start();

  // Loads the certificate anew, where there is one, without waiting for a change of its files. Any thread.
  void ReloadCertificate();

  // The port in use; what the system chose where settings say 0.
  std::uint16_t port() const;

  // Stops accepting, answers /readyz with 503, lets requests under way finish (at most settings.drain_timeout), closes
  // the connections and joins the threads. Blocks.
  void Drain();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kck
