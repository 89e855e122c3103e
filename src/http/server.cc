#include "http/server.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <thread>

#include "http/network_thread.h"

namespace kck {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

Failure CannotListen(const HttpSettings& settings, const std::string& reason) {
  return Fail(ErrorCode::kBadRequest,
              fmt::format("cannot listen on {}:{}: {} (http.listen in kck.yml names the address and the port)",
                          settings.address, settings.port, reason));
}

std::string WithoutBrackets(const std::string& address) {
  return address.starts_with('[') && address.ends_with(']') ? address.substr(1, address.size() - 2) : address;
}

Result<tcp::endpoint> EndpointOf(const HttpSettings& settings) {
  asio::io_context io;
  tcp::resolver resolver(io);
  boost::system::error_code error;
  const auto found = resolver.resolve(WithoutBrackets(settings.address), std::to_string(settings.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) return CannotListen(settings, error.message());
  return found.begin()->endpoint();
}

// With SO_REUSEPORT alone, a second server of the same user would share the port, and the requests, without a word.
Result<void> RequireFree(const tcp::endpoint& endpoint, const HttpSettings& settings) {
  if (endpoint.port() == 0) return {};
  asio::io_context io;
  tcp::acceptor probe(io);
  boost::system::error_code error;
  if (probe.open(endpoint.protocol(), error) || probe.set_option(asio::socket_base::reuse_address(true), error) ||
      probe.bind(endpoint, error)) {
    return CannotListen(settings, error.message());
  }
  return {};
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(Engine& engine, const HttpSettings& settings, int threads, ServerProbes probes)
      : state_(new ServerState{engine, settings, std::move(probes), {}}) {
    for (int i = 0; i < std::max(1, threads); ++i) state_->metrics.push_back(std::make_unique<ThreadMetrics>());
    for (std::size_t i = 0; i < state_->metrics.size(); ++i) {
      networks_.push_back(std::make_shared<NetworkThread>(state_, i));
    }
  }

  ~Impl() { Drain(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> Start() {
    Result<tcp::endpoint> endpoint = EndpointOf(state_->settings);
    if (!endpoint) return Failure(std::move(endpoint.error()));
    if (Result<void> free = RequireFree(*endpoint, state_->settings); !free) return free;
    for (const auto& network : networks_) {
      Result<std::uint16_t> port = network->Listen(*endpoint);
      if (!port) return CannotListen(state_->settings, port.error().message);
      endpoint->port(*port);
    }
    port_ = endpoint->port();
    for (const auto& network : networks_) threads_.emplace_back([network] { network->Run(); });
    return {};
  }

  std::uint16_t port() const { return port_; }

  void Drain() {
    state_->draining = true;
    for (const auto& network : networks_) network->Drain();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::shared_ptr<ServerState> state_;
  std::vector<std::shared_ptr<NetworkThread>> networks_;
  std::vector<std::thread> threads_;
  std::uint16_t port_ = 0;
};

HttpServer::HttpServer(Engine& engine, const HttpSettings& settings, int threads, ServerProbes probes)
    : impl_(std::make_unique<Impl>(engine, settings, threads, std::move(probes))) {}

HttpServer::~HttpServer() = default;

Result<void> HttpServer::Start() { return impl_->Start(); }
std::uint16_t HttpServer::port() const { return impl_->port(); }
void HttpServer::Drain() { impl_->Drain(); }

}  // namespace kck
