#include "http/network_thread.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "http/exchange.h"
#include "http/session.h"

namespace kck {
namespace {

constexpr std::chrono::milliseconds kSweepPause{1000};
constexpr std::chrono::milliseconds kAcceptPause{100};  // after a failure, such as no free descriptor
constexpr int kAcceptedATurn = 64;                      // those who are connected get their turn in between

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

// The client left before it was accepted, or a signal came: there may be others behind it.
bool ConcernsOneConnection(int error) { return error == ECONNABORTED || error == EPROTO || error == EINTR; }

}  // namespace

NetworkThread::NetworkThread(std::shared_ptr<ServerState> server, std::size_t index)
    : server_(std::move(server)), state_{*server_, *server_->metrics.at(index)} {
  if (server_->node.authenticator != nullptr) state_.tokens.emplace(*server_->node.authenticator);
}

NetworkThread::~NetworkThread() = default;

Result<std::uint16_t> NetworkThread::Listen(const SocketAddress& address) {
  Result<Descriptor> listener = kck::Listen(address);
  if (!listener) return Failure(std::move(listener.error()));
  acceptor_.listener = *std::move(listener);
  if (!loop_.Watch(acceptor_.listener, acceptor_)) return Fail(ErrorCode::kBadRequest, std::strerror(errno));
  return PortOf(acceptor_.listener);
}

Result<void> NetworkThread::ListenTrusted(Descriptor listener) {
  trusted_acceptor_.listener = std::move(listener);
  if (loop_.Watch(trusted_acceptor_.listener, trusted_acceptor_)) return {};
  return Fail(ErrorCode::kBadRequest, std::strerror(errno));
}

void NetworkThread::Run() {
  Sweep();
  loop_.Run([this] {
    closed_.clear();
    state_.times.Refresh();
  });
  acceptor_.listener.Close();
  trusted_acceptor_.listener.Close();
  closed_.clear();
}

void NetworkThread::Accept(Acceptor& from) {
  for (int i = 0; i < kAcceptedATurn && from.listener.open(); ++i) {
    Descriptor socket(accept4(from.listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.open()) {
      Admit(std::move(socket), from.trusted);
    } else if (errno == EAGAIN) {
      return;
    } else if (!ConcernsOneConnection(errno)) {
      LogWarning("a connection could not be accepted: {}", std::strerror(errno));
      return PauseAccept(from);
    }
  }
  if (from.listener.open()) loop_.Post([this, &from] { Accept(from); });
}

void NetworkThread::PauseAccept(Acceptor& from) {
  if (std::exchange(from.paused, true)) return;
  loop_.At(Clock::now() + kAcceptPause, [this, &from] {
    from.paused = false;
    Accept(from);
  });
}

void NetworkThread::Admit(Descriptor socket, bool trusted) {
  // Who has to see why a server is full gets in.
  if (server_->connections.fetch_add(1) >= server_->settings.connections_max && !trusted) {
    --server_->connections;
    ++server_->connections_refused;
    return Refuse(socket);
  }
  // The administrators' socket leaves the machine as little as they do.
  const TlsContext tls = server_->certificates && !trusted ? server_->certificates->current() : TlsContext{};
  auto session = std::make_shared<Session>(shared_from_this(), Channel(std::move(socket), tls.context.get()), trusted);
  sessions_.insert(session);
  session->Start();
}

// Without a wait of any kind: those beyond the bound may cost nothing.
void NetworkThread::Refuse(const Descriptor& socket) const {
  if (server_->certificates) return;  // a handshake would cost more than an answer does
  const std::string text = RefusalText(state_.times.date());
  if (send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) return;
  shutdown(socket.get(), SHUT_WR);
  // A request that has arrived is taken, since the system would drop the answer over unread bytes.
  std::array<char, 4096> unread{};
  static_cast<void>(recv(socket.get(), unread.data(), unread.size(), 0));
}

void NetworkThread::Forget(const std::shared_ptr<Session>& session) {
  if (sessions_.erase(session) == 0) return;
  closed_.push_back(session);
  --server_->connections;
  if (server_->draining && sessions_.empty()) loop_.Stop();
}

std::vector<std::shared_ptr<Session>> NetworkThread::Sessions() const { return {sessions_.begin(), sessions_.end()}; }

void NetworkThread::Sweep() {
  for (const auto& session : Sessions()) session->CheckTime();
  loop_.At(Clock::now() + SweepPause(server_->settings.idle_timeout), [this] { Sweep(); });
}

void NetworkThread::Drain() {
  loop_.Post([this] { BeginDrain(); });
}

void NetworkThread::BeginDrain() {
  acceptor_.listener.Close();
  trusted_acceptor_.listener.Close();
  for (const auto& session : Sessions()) session->CloseIfIdle();
  if (sessions_.empty()) return loop_.Stop();
  loop_.At(Clock::now() + server_->settings.drain_timeout, [this] { CloseAll(); });
}

void NetworkThread::CloseAll() {
  LogWarning("{} connections are closed with a request under way", sessions_.size());
  for (const auto& session : Sessions()) session->Close();
}

}  // namespace kck
