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
    : server_(std::move(server)), state_{*server_, *server_->metrics.at(index)} {}

NetworkThread::~NetworkThread() = default;

Result<std::uint16_t> NetworkThread::Listen(const SocketAddress& address) {
  Result<Descriptor> listener = kck::Listen(address);
  if (!listener) return Failure(std::move(listener.error()));
  listener_ = *std::move(listener);
  if (!loop_.Watch(listener_, acceptor_)) return Fail(ErrorCode::kBadRequest, std::strerror(errno));
  return PortOf(listener_);
}

void NetworkThread::Run() {
  Sweep();
  loop_.Run([this] {
    closed_.clear();
    state_.times.Refresh();
  });
  listener_.Close();
  closed_.clear();
}

void NetworkThread::Accept() {
  for (int i = 0; i < kAcceptedATurn && listener_.open(); ++i) {
    Descriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.open()) {
      Admit(std::move(socket));
    } else if (errno == EAGAIN) {
      return;
    } else if (!ConcernsOneConnection(errno)) {
      LogWarning("a connection could not be accepted: {}", std::strerror(errno));
      return PauseAccept();
    }
  }
  if (listener_.open()) loop_.Post([this] { Accept(); });
}

void NetworkThread::PauseAccept() {
  if (std::exchange(accept_paused_, true)) return;
  loop_.At(Clock::now() + kAcceptPause, [this] {
    accept_paused_ = false;
    Accept();
  });
}

void NetworkThread::Admit(Descriptor socket) {
  if (server_->connections.fetch_add(1) >= server_->settings.connections_max) {
    --server_->connections;
    ++server_->connections_refused;
    return Refuse(socket);
  }
  const TlsContext tls = server_->certificates ? server_->certificates->current() : TlsContext{};
  auto session = std::make_shared<Session>(shared_from_this(), Channel(std::move(socket), tls.context.get()));
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
  listener_.Close();
  for (const auto& session : Sessions()) session->CloseIfIdle();
  if (sessions_.empty()) return loop_.Stop();
  loop_.At(Clock::now() + server_->settings.drain_timeout, [this] { CloseAll(); });
}

void NetworkThread::CloseAll() {
  LogWarning("{} connections are closed with a request under way", sessions_.size());
  for (const auto& session : Sessions()) session->Close();
}

}  // namespace kck
