#include "http/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <thread>

#include "http/listener.h"
#include "http/network_thread.h"

namespace kck {
namespace {

Failure CannotListen(const HttpSettings& settings, const std::string& reason) {
  return Fail(ErrorCode::kBadRequest,
              fmt::format("cannot listen on {}:{}: {} (http.listen in kck.yml names the address and the port)",
                          settings.address, settings.port, reason));
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const Node& node, const HttpSettings& settings, int threads, ServerProbes probes)
      : state_(std::make_shared<ServerState>(node, settings, std::move(probes))) {
    for (int i = 0; i < std::max(1, threads); ++i) state_->metrics.push_back(std::make_unique<ThreadMetrics>());
    for (std::size_t i = 0; i < state_->metrics.size(); ++i) {
      networks_.push_back(std::make_shared<NetworkThread>(state_, i));
    }
  }

  ~Impl() { Drain(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> Start() {
    if (state_->certificates) {
      if (Result<void> loaded = state_->certificates->Start(); !loaded) return loaded;
    }
    Result<SocketAddress> address = ResolveAddress(state_->settings.address, state_->settings.port);
    if (!address) return CannotListen(state_->settings, address.error().message);
    if (Result<void> free = RequireFree(*address); !free) return CannotListen(state_->settings, free.error().message);
    for (const auto& network : networks_) {
      Result<std::uint16_t> port = network->Listen(*address);
      if (!port) return CannotListen(state_->settings, port.error().message);
      address->set_port(*port);
    }
    port_ = address->port();
    if (Result<void> admin = ListenForAdministrators(); !admin) return admin;
    for (const auto& network : networks_) threads_.emplace_back([network] { network->Run(); });
    return {};
  }

  void ReloadCertificate() {
    if (state_->certificates) state_->certificates->ReloadNow();
  }

  std::uint16_t port() const { return port_; }

  void Drain() {
    state_->draining = true;
    for (const auto& network : networks_) network->Drain();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    if (std::exchange(has_admin_socket_, false)) unlink(state_->settings.admin_socket.c_str());
  }

 private:
  Result<void> ListenForAdministrators() {
    const std::string& path = state_->settings.admin_socket;
    if (path.empty()) return {};
    Result<Descriptor> listener = ListenLocal(path);
    Result<void> listens;
    if (listener) {
      has_admin_socket_ = true;
      listens = networks_.front()->ListenTrusted(*std::move(listener));
    } else {
      listens = Failure(std::move(listener.error()));
    }
    if (listens) return {};
    return Fail(
        ErrorCode::kBadRequest,
        fmt::format("cannot listen on the administrators' socket {}: {} (http.admin in kck.yml: unix:PATH, or off)",
                    path, listens.error().message));
  }

  std::shared_ptr<ServerState> state_;
  std::vector<std::shared_ptr<NetworkThread>> networks_;
  std::vector<std::thread> threads_;
  std::uint16_t port_ = 0;
  bool has_admin_socket_ = false;
};

HttpServer::HttpServer(const Node& node, const HttpSettings& settings, int threads, ServerProbes probes)
    : impl_(std::make_unique<Impl>(node, settings, threads, std::move(probes))) {}

HttpServer::~HttpServer() = default;

Result<void> HttpServer::Start() { return impl_->Start(); }
void HttpServer::ReloadCertificate() { impl_->ReloadCertificate(); }
std::uint16_t HttpServer::port() const { return impl_->port(); }
void HttpServer::Drain() { impl_->Drain(); }

}  // namespace kck
