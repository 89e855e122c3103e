#include "http/session.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "engine/leases.h"
#include "http/calls.h"
#include "http/listener.h"
#include "http/network_thread.h"
#include "http/request_log.h"

namespace kck {
namespace {

// Beyond it the answers so far are sent before the next request is looked at.
constexpr std::size_t kOutputBytesMax = std::size_t{64} << 10U;

// A client that reads has to take so much, or the rest, within the idle time-out: one byte now and then is not enough.
constexpr std::size_t kProgressBytes = std::size_t{64} << 10U;

// How long a closing connection waits for the client's end. Closed at once, bytes of the client that are still on their
// way would make the system drop the answer.
constexpr std::chrono::seconds kLingerTime{1};

}  // namespace

Session::Session(std::shared_ptr<NetworkThread> owner, Channel channel, bool trusted)
    : Exchange(owner->state(), trusted),
      owner_(std::move(owner)),
      channel_(std::move(channel)),
      parser_(incoming(), server().settings.body_bytes_max, server().bodies) {}

Session::~Session() = default;

void Session::Start() {
  const int at_once = 1;
  setsockopt(channel_.socket().get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  since_ = thread().times.now();
  if (!owner_->loop().Watch(channel_.socket(), *this)) Close();
}

void Session::OnReady(std::uint32_t events) {
  constexpr std::uint32_t kEnds = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if (closed_) return;
  const bool arrived = (events & (EPOLLIN | kEnds)) != 0;
  readable_ = readable_ || arrived;
  ending_ = ending_ || (events & kEnds) != 0;
  if (TlsStream* tls = channel_.tls()) {
    if (arrived) tls->Arrived(ending_);
    readable_ = true;  // a read may have waited to write
  }
  Advance();
}

void Session::Advance() {
  if (lingering_) return ReadToEnd();
  if (writing_ && !SendSome()) return;
  TakeTurn();
  input_.Keep();
}

void Session::TakeTurn() {
  bool has_read = false;
  while (!closed_) {
    while (MayTakeRequest() && TakeRequest()) {
    }
    if (!output().empty()) {
      if (!Send()) return;
      continue;
    }
    if (waiting_) return;
    if (closes()) return Linger();
    AwaitRequest();
    if (closed_ || !readable_) return;
    if (has_read) return Yield();
    if (!Read()) return;
    has_read = true;
  }
}

bool Session::MayTakeRequest() { return !waiting_ && !closes() && output().size() < kOutputBytesMax; }

bool Session::TakeRequest() {
  const RequestParser::Progress progress = parser_.Put(input_.unread());
  input_.Consume(progress.consumed);
  switch (progress.state) {
    case RequestParser::State::kNeedsMore:
      if (parser_.TakeContinue()) output().text() += "HTTP/1.1 100 Continue\r\n\r\n";
      return false;
    case RequestParser::State::kFault:
      RefuseBytes(parser_.fault().status, parser_.fault().message);
      return false;
    case RequestParser::State::kComplete:
      output().Borrow(thread().spare_output);
      BeginRequest();
      timed_ = IsTimed();
      call_ = RunCall(*this);
      if (!waiting_) FinishRequest();
      return true;
  }
  return false;
}

void Session::RefuseBytes(int status, std::string_view message) {
  BeginRequest();
  answer_begin_ = output().size();
  AnswerFault(status, message);
  thread().metrics.CountRequest(Call::kNone, status);
  if (!RequestLogIsOn()) return;
  LogRequest(*this, {Call::kNone, status, output().size() - answer_begin_, {}});
}

std::string_view Session::Peer() {
  if (peer_.empty()) peer_ = PeerOf(channel_.socket());
  return peer_;
}

bool Session::ClosesAfterAnswer() {
  // What has arrived before the server began to drain is still answered.
  return !request().keep_alive || (server().draining && input_.unread().empty());
}

// A host that is gone without a word is no holder: what it computes, nobody gets.
const std::string& Session::Holder() {
  if (!holder_.empty()) return holder_;
  const int on = 1;
  setsockopt(channel_.socket().get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  for (const auto& [option, value] : {std::pair{TCP_KEEPIDLE, 1}, {TCP_KEEPINTVL, 1}, {TCP_KEEPCNT, 3}}) {
    setsockopt(channel_.socket().get(), IPPROTO_TCP, option, &value, sizeof value);
  }
  return holder_ = engine().leases().AddHolder();
}

std::function<void(Exchange::Ending)> Session::Later() {
  waiting_ = true;
  wait_began_ = thread().times.now();
  // Nothing here may keep the session: work that never runs would keep it for good.
  return [weak = weak_from_this()](Ending ending) {
    const std::shared_ptr<Session> session = weak.lock();
    if (!session) return;
    session->owner_->loop().Post([weak, ending = std::move(ending)] {
      if (const std::shared_ptr<Session> waiting = weak.lock()) waiting->Resume(ending);
    });
  };
}

void Session::Resume(const Ending& ending) {
  if (closed_) return;
  answer_begin_ = output().size();
  waited_ = true;
  ending(*this);
  thread().metrics.CountWait(thread().times.now() - wait_began_);
  waiting_ = false;
  FinishRequest();
  if (!writing_) Advance();
}

void Session::FinishRequest() {
  thread().metrics.CountRequest(call_, status());
  if (timed_) EndTiming();
  waited_ = false;
  parser_.Reset();
  partial_ = false;
}

bool Session::IsTimed() {
  sampled_ = --thread().until_timed == 0;
  if (sampled_) thread().until_timed = kHitsATimed;
  if (!sampled_ && !RequestLogIsOn()) return false;
  request_began_ = Clock::now();
  answer_begin_ = output().size();
  return true;
}

void Session::EndTiming() {
  const Duration duration = Clock::now() - request_began_;
  if (sampled_ && !waited_) thread().metrics.CountHit(duration);
  if (!RequestLogIsOn()) return;
  LogRequest(*this, {call_, status(), output().size() - answer_begin_, duration});
}

// All is answered and sent: the connection waits for a request, or for the rest of one.
void Session::AwaitRequest() {
  const bool partial = parser_.begun() || !input_.unread().empty() || channel_.HasPart();
  if (!partial && server().draining) return Close();
  // A request has to arrive within the time-out as a whole, however it trickles in.
  if (!partial || !partial_) since_ = thread().times.now();
  partial_ = partial;
}

bool Session::Read() {
  std::vector<char>& room = thread().read_buffer;
  const ssize_t count = channel_.Receive(room);
  if (count < 0 && errno == EAGAIN) return NothingYet();
  if (count <= 0) return EndReading(count == 0);
  const std::string_view bytes(room.data(), static_cast<std::size_t>(count));
  readable_ = ending_ || channel_.MayHaveMore(bytes.size() == room.size());
  input_.Arrived(bytes);
  return true;
}

bool Session::NothingYet() {
  readable_ = channel_.MayHaveMore(false);
  if (readable_) Yield();
  return false;
}

bool Session::EndReading(bool in_order) {
  if (channel_.handshaking()) return EndHandshake();
  if (in_order || channel_.tls() == nullptr) {
    Close();
  } else {
    channel_.LeaveTls();  // what the client is told of the fault has been sent
    Linger();
  }
  return false;
}

bool Session::EndHandshake() {
  const bool plain_http = channel_.tls()->heard_plain_http();
  CountFailedHandshake();
  channel_.LeaveTls();
  if (!plain_http) {
    Linger();
    return false;
  }
  RefuseBytes(400, "this port speaks HTTPS: ask for https:// in place of http://");
  return true;
}

void Session::CountFailedHandshake() {
  const TlsStream& tls = *channel_.tls();
  if (!tls.heard()) return;  // it only looked whether the port is open
  thread().metrics.CountFailedHandshake();
  server().failed_handshakes.Warn(thread().times.now(), "a TLS handshake failed", tls.fault());
}

void Session::Yield() {
  if (std::exchange(yielding_, true)) return;
  owner_->loop().Post([weak = weak_from_this()] {
    const std::shared_ptr<Session> session = weak.lock();
    if (!session) return;
    session->yielding_ = false;
    session->OnReady(0);
  });
}

bool Session::Send() {
  output().Swap(sending_);
  sending_.Pieces(pieces_);
  first_piece_ = 0;
  progress_ = 0;
  since_ = thread().times.now();
  return SendSome();
}

bool Session::SendSome() {
  while (first_piece_ < pieces_.size()) {
    const ssize_t count = channel_.Send(std::span(pieces_).subspan(first_piece_));
    if (count < 0) return SendFailed();
    Sent(static_cast<std::size_t>(count));
  }
  EndSending();
  return true;
}

void Session::EndSending() {
  if (unsent_ > 0) server().unsent.Give(std::exchange(unsent_, 0));
  sending_.Clear(thread().spare_output);
  writing_ = false;
}

bool Session::SendFailed() {
  if (errno != EAGAIN || (!writing_ && !server().unsent.Take(sending_.copied_bytes()))) {
    Close();
    return false;
  }
  if (!std::exchange(writing_, true)) unsent_ = sending_.copied_bytes();
  return false;
}

void Session::Sent(std::size_t count) {
  progress_ += count;
  if (progress_ >= kProgressBytes) {
    progress_ = 0;
    since_ = thread().times.now();
  }
  while (first_piece_ < pieces_.size() && count >= pieces_[first_piece_].iov_len) {
    count -= pieces_[first_piece_++].iov_len;
  }
  if (count == 0) return;
  iovec& piece = pieces_[first_piece_];
  piece.iov_base = static_cast<char*>(piece.iov_base) + count;
  piece.iov_len -= count;
}

void Session::CheckTime() {
  if (closed_ || (waiting_ && !writing_)) return;
  const Duration limit = lingering_ ? Duration(kLingerTime) : Duration(server().settings.idle_timeout);
  if (thread().times.now() - since_ < limit) return;
  if (!holder_.empty() && !partial_ && !writing_ && !lingering_) return;
  const bool handshaking = channel_.handshaking();
  if (handshaking) CountFailedHandshake();
  if (!partial_ || writing_ || lingering_ || handshaking || closes()) return Close();
  RefuseBytes(408, "the request did not arrive in time");
  Advance();
}

void Session::CloseIfIdle() {
  int available = 0;
  const bool unread = ioctl(channel_.socket().get(), FIONREAD, &available) == 0 && available > 0;
  if (channel_.handshaking() || (!waiting_ && !writing_ && !partial_ && !lingering_ && !unread)) Close();
}

void Session::Close() {
  if (closed_) return;
  closed_ = true;
  if (!holder_.empty()) engine().leases().RemoveHolder(holder_);
  channel_.Close(first_piece_ == pieces_.size());
  EndSending();
  owner_->Forget(shared_from_this());
}

void Session::Linger() {
  if (!channel_.Finish()) return;  // tried again once the socket takes more
  lingering_ = true;
  since_ = thread().times.now();
  ReadToEnd();
}

void Session::ReadToEnd() {
  while (!closed_ && readable_ && Read()) {
    input_.Consume(input_.unread().size());
    if (readable_) return Yield();
  }
}

}  // namespace kck
