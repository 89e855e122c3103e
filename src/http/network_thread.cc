#include "http/network_thread.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "http/disregard.h"
#include "http/exchange.h"
#include "http/session.h"

namespace kck {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr std::chrono::milliseconds kSweepPause{1000};
constexpr std::chrono::milliseconds kAcceptPause{100};  // after a failure, such as no free descriptor

// Often enough that a time-out is late by a quarter of itself at most.
Duration SweepPause(std::chrono::milliseconds idle_timeout) {
  return std::clamp(idle_timeout / 4, std::chrono::milliseconds(10), kSweepPause);
}

std::string RefusalText(std::string_view date) {
  std::string body;
  AppendErrorBody(body, {ErrorCode::kOverloaded, "the server has as many connections as it may have"}, {});
  std::string text;
  BeginHead(text, 503, date, Persistence::kClose);
  AppendHeader(text, "Content-Type", kJsonType);
  AppendHeader(text, "Cache-Control", "no-store");
  AppendHeader(text, "Retry-After", "1");
  EndHead(text, body.size());
  return text + body;
}

}  // namespace

NetworkThread::NetworkThread(std::shared_ptr<ServerState> server, std::size_t index)
    : server_(std::move(server)), state_{*server_, *server_->metrics.at(index), {}} {}

NetworkThread::~NetworkThread() = default;

Result<std::uint16_t> NetworkThread::Listen(const tcp::endpoint& endpoint) {
  Code error;
  if (acceptor_.open(endpoint.protocol(), error) ||
      acceptor_.set_option(asio::socket_base::reuse_address(true), error) ||
      acceptor_.set_option(ReusePort(true), error) || acceptor_.bind(endpoint, error) ||
      acceptor_.listen(asio::socket_base::max_listen_connections, error)) {
    return Fail(ErrorCode::kBadRequest, error.message());
  }
  return acceptor_.local_endpoint(error).port();
}

void NetworkThread::Run() {
  Accept();
  Sweep();
  io_.run();
}

void NetworkThread::Accept() {
  acceptor_.async_accept([this](const Code& error, tcp::socket socket) { OnAccept(error, std::move(socket)); });
}

void NetworkThread::OnAccept(const Code& error, tcp::socket socket) {
  if (!acceptor_.is_open()) return;
  if (!error) {
    Admit(std::move(socket));
    return Accept();
  }
  LogWarning("a connection could not be accepted: {}", error.message());
  accept_timer_.expires_after(kAcceptPause);
  accept_timer_.async_wait([this](const Code& cancelled) {
    if (!cancelled) Accept();
  });
}

void NetworkThread::Admit(tcp::socket socket) {
  state_.times.Refresh();
  if (server_->connections.fetch_add(1) >= server_->settings.connections_max) {
    --server_->connections;
    ++server_->connections_refused;
    return Refuse(std::move(socket));
  }
  auto session = std::make_shared<Session>(shared_from_this(), std::move(socket));
  sessions_.insert(session);
  session->Start();
}

// Without a wait of any kind: those beyond the bound may cost nothing.
void NetworkThread::Refuse(tcp::socket socket) {
  Code error;
  if (socket.non_blocking(true, error)) return;
  const std::string text = RefusalText(state_.times.date());
  socket.write_some(asio::buffer(text), error);
  Disregard(socket.shutdown(tcp::socket::shutdown_send, error));
  // A request that has arrived is taken, since the system would drop the answer over unread bytes.
  std::array<char, 4096> unread{};
  socket.read_some(asio::buffer(unread), error);
}

void NetworkThread::Forget(const std::shared_ptr<Session>& session) {
  if (sessions_.erase(session) == 0) return;
  --server_->connections;
  if (drained()) EndDrain();
}

std::vector<std::shared_ptr<Session>> NetworkThread::Sessions() const { return {sessions_.begin(), sessions_.end()}; }

void NetworkThread::Sweep() {
  state_.times.Refresh();
  for (const auto& session : Sessions()) session->CheckTime();
  if (drained()) return;
  sweep_timer_.expires_after(SweepPause(server_->settings.idle_timeout));
  sweep_timer_.async_wait([this](const Code& cancelled) {
    if (!cancelled) Sweep();
  });
}

void NetworkThread::Drain() {
  asio::post(io_, [this] { BeginDrain(); });
}

void NetworkThread::BeginDrain() {
  Code error;
  Disregard(acceptor_.close(error));
  accept_timer_.cancel();
  for (const auto& session : Sessions()) session->CloseIfIdle();
  if (drained()) return EndDrain();
  drain_timer_.expires_after(server_->settings.drain_timeout);
  drain_timer_.async_wait([this](const Code& cancelled) {
    if (cancelled || sessions_.empty()) return;
    LogWarning("{} connections are closed with a request under way", sessions_.size());
    for (const auto& session : Sessions()) session->Close();
  });
}

// Without these the context has no work left, and Run returns.
void NetworkThread::EndDrain() {
  sweep_timer_.cancel();
  drain_timer_.cancel();
}

}  // namespace kck
