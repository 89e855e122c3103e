#include "http/session.h"

#include <boost/asio/post.hpp>
#include <span>

#include "http/calls.h"
#include "http/disregard.h"
#include "http/network_thread.h"

namespace kck {
namespace {

namespace asio = boost::asio;

// Beyond it the answers so far are sent before the next request is looked at.
constexpr std::size_t kOutputBytesMax = std::size_t{256} << 10U;

// How long a closing connection waits for the client's end. Closed at once, bytes of the client that are still on their
// way would make the system drop the answer.
constexpr std::chrono::seconds kLingerTime{1};

}  // namespace

Session::Session(std::shared_ptr<NetworkThread> owner, asio::ip::tcp::socket socket)
    : Exchange(owner->state()),
      owner_(std::move(owner)),
      socket_(std::move(socket)),
      parser_(incoming(), server().settings.body_bytes_max) {}

Session::~Session() = default;

void Session::Start() {
  Code error;
  Disregard(socket_.set_option(asio::ip::tcp::no_delay(true), error));
  if (socket_.non_blocking(true, error)) return Close();
  Read();
}

void Session::Advance() {
  while (!closed_) {
    while (MayTakeRequest() && TakeRequest()) {
    }
    if (writing_) return;
    if (!output().empty()) {
      if (!Send()) return;
      continue;
    }
    if (waiting_) return;
    return closes() ? Linger() : Read();
  }
}

bool Session::MayTakeRequest() { return !waiting_ && !writing_ && !closes() && output().size() < kOutputBytesMax; }

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
      call_ = RunCall(*this);
      if (!waiting_) FinishRequest();
      return true;
  }
  return false;
}

void Session::RefuseBytes(int status, std::string_view message) {
  AnswerFault(status, message);
  thread().metrics.CountRequest(Call::kNone, status);
}

bool Session::ClosesAfterAnswer() {
  // What has arrived before the server began to drain is still answered.
  return !request().keep_alive || (server().draining && input_.unread().empty());
}

std::function<void(Exchange::Ending)> Session::Later() {
  waiting_ = true;
  wait_began_ = thread().times.now();
  // Nothing here may keep the session: handlers that never run would keep it for good.
  return [weak = weak_from_this()](Ending ending) {
    const std::shared_ptr<Session> session = weak.lock();
    if (!session) return;
    auto resume = [weak, ending = std::move(ending)] {
      if (const std::shared_ptr<Session> waiting = weak.lock()) waiting->Resume(ending);
    };
    asio::post(session->owner_->executor(), std::move(resume));
  };
}

void Session::Resume(const Ending& ending) {
  if (closed_) return;
  thread().times.Refresh();
  ending(*this);
  thread().metrics.CountWait(thread().times.now() - wait_began_);
  waiting_ = false;
  FinishRequest();
  Advance();
}

void Session::FinishRequest() {
  thread().metrics.CountRequest(call_, status());
  parser_.Reset();
  partial_ = false;
}

void Session::Read() {
  const bool partial = parser_.begun() || !input_.unread().empty();
  if (!partial && server().draining) return Close();
  // A request has to arrive within the time-out as a whole, however it trickles in.
  if (!partial || !partial_) since_ = thread().times.now();
  partial_ = partial;
  const std::span<char> room = input_.Room();
  socket_.async_read_some(
      asio::buffer(room.data(), room.size()),
      [self = shared_from_this()](const Code& error, std::size_t count) { self->OnRead(error, count); });
}

void Session::OnRead(const Code& error, std::size_t count) {
  if (closed_) return;
  const bool refused = error == asio::error::operation_aborted && closes();
  if (error && !refused) return Close();
  thread().times.Refresh();
  input_.Filled(count);
  Advance();
}

bool Session::Send() {
  std::swap(output(), sending_);
  sending_.Pieces(pieces_);
  buffers_.clear();
  first_buffer_ = 0;
  for (const std::string_view piece : pieces_) buffers_.emplace_back(piece.data(), piece.size());
  return SendSome();
}

bool Session::SendSome() {
  while (first_buffer_ < buffers_.size()) {
    Code error;
    std::size_t sent = socket_.write_some(std::span<const asio::const_buffer>(buffers_).subspan(first_buffer_), error);
    if (error == asio::error::would_block) {
      writing_ = true;
      socket_.async_wait(asio::ip::tcp::socket::wait_write,
                         [self = shared_from_this()](const Code& failed) { self->OnWritable(failed); });
      return false;
    }
    if (error) {
      Close();
      return false;
    }
    since_ = thread().times.now();
    while (first_buffer_ < buffers_.size() && sent >= buffers_[first_buffer_].size()) {
      sent -= buffers_[first_buffer_++].size();
    }
    if (sent > 0) buffers_[first_buffer_] += sent;
  }
  sending_.Clear();
  writing_ = false;
  return true;
}

void Session::OnWritable(const Code& error) {
  if (closed_) return;
  if (error) return Close();
  thread().times.Refresh();
  if (SendSome()) Advance();
}

void Session::CheckTime() {
  if (waiting_ && !writing_) return;
  const TimePoint now = thread().times.now();
  const Duration limit = lingering_ ? Duration(kLingerTime) : Duration(server().settings.idle_timeout);
  if (now - since_ < limit) return;
  if (!partial_ || writing_ || lingering_) return Close();
  since_ = now;
  RefuseBytes(408, "the request did not arrive in time");
  Code error;
  Disregard(socket_.cancel(error));
}

void Session::CloseIfIdle() {
  Code error;
  const bool busy = waiting_ || writing_ || partial_ || lingering_ || socket_.available(error) > 0;
  if (!busy) Close();
}

void Session::Close() {
  if (closed_) return;
  closed_ = true;
  Code error;
  Disregard(socket_.close(error));
  owner_->Forget(shared_from_this());
}

void Session::Linger() {
  lingering_ = true;
  since_ = thread().times.now();
  Code error;
  Disregard(socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error));
  ReadToEnd();
}

void Session::ReadToEnd() {
  input_.Consume(input_.unread().size());
  const std::span<char> room = input_.Room();
  socket_.async_read_some(asio::buffer(room.data(), room.size()),
                          [self = shared_from_this()](const Code& error, std::size_t) {
                            if (self->closed_) return;
                            if (error) return self->Close();
                            self->ReadToEnd();
                          });
}

}  // namespace kck
