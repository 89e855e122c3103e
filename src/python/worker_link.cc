#include "python/worker_link.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace kck {
namespace {

using boost::system::error_code;

constexpr std::size_t kLineBytesMax = 4096;

}  // namespace

WorkerLink::WorkerLink(boost::asio::io_context& context, WorkerProcess process, std::size_t message_bytes_max,
                       Events events)
    : process_(process),
      pid_(process.pid),
      events_(std::move(events)),
      socket_(context, process.socket),
      output_(context, process.output),
      exited_(context),
      frames_(message_bytes_max) {
  if (process.exited >= 0) exited_.assign(process.exited);
  // Else a read of what is left would wait for a process that it has forked.
  socket_.non_blocking(true);
  output_.non_blocking(true);
}

WorkerLink::~WorkerLink() { Kill(); }

void WorkerLink::Begin() {
  Read();
  ReadOutput();
  AwaitExit();
}

void WorkerLink::Read() {
  socket_.async_read_some(boost::asio::buffer(read_), [self = shared_from_this()](error_code error, std::size_t bytes) {
    if (self->ended_) return;
    if (error) return self->End("");
    self->OnRead(bytes);
  });
}

void WorkerLink::OnRead(std::size_t bytes) {
  frames_.Add({read_.data(), bytes});
  while (!ended_) {
    const auto frame = frames_.Next();
    if (!frame) return End(frame.error().message);
    if (!*frame) return Read();
    Result<WorkerMessage> message = ReadWorkerMessage(**frame);
    if (!message) return End(message.error().message);
    events_.message(*std::move(message));
  }
}

void WorkerLink::ReadOutput() {
  output_.async_read_some(boost::asio::buffer(printed_),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            if (self->ended_ || error) return;
                            self->line_.append(self->printed_.data(), bytes);
                            self->TakeLines(false);
                            self->ReadOutput();
                          });
}

// `all`: also the last one, without its end.
void WorkerLink::TakeLines(bool all) {
  std::string_view left = line_;
  while (true) {
    const std::size_t end = std::min(left.find('\n'), kLineBytesMax);
    if (end >= left.size()) break;
    if (end > 0) events_.printed(left.substr(0, end));
    left.remove_prefix(left[end] == '\n' ? end + 1 : end);
  }
  if (all && !left.empty()) events_.printed(left);
  line_.erase(0, all ? line_.size() : line_.size() - left.size());
}

void WorkerLink::Send(std::string frame) {
  if (ended_) return;
  unsent_.push_back(std::move(frame));
  if (unsent_.size() == 1) Write();
}

void WorkerLink::Write() {
  boost::asio::async_write(socket_, boost::asio::buffer(unsent_.front()),
                           [self = shared_from_this()](error_code error, std::size_t /*bytes*/) {
                             if (self->ended_) return;
                             // What it said before it went is still to be read.
                             if (error) return self->unsent_.clear();
                             self->unsent_.pop_front();
                             if (!self->unsent_.empty()) self->Write();
                           });
}

// A process that it has forked may hold the socket open when it has gone itself.
void WorkerLink::AwaitExit() {
  if (!exited_.is_open()) return;
  exited_.async_wait(boost::asio::posix::descriptor_base::wait_read, [self = shared_from_this()](error_code error) {
    if (self->ended_ || error) return;
    // A wait that ends may be of an event of the descriptor that had its number before.
    HasEnded(self->pid_) ? self->End("") : self->AwaitExit();
  });
}

void WorkerLink::End(const std::string& why) {
  // What it said, and printed, before it went.
  if (why.empty()) {
    error_code error;
    while (!ended_) {
      const std::size_t bytes = socket_.read_some(boost::asio::buffer(read_), error);
      if (error) break;
      frames_.Add({read_.data(), bytes});
      for (auto frame = frames_.Next(); frame && *frame && !ended_; frame = frames_.Next()) {
        if (auto message = ReadWorkerMessage(**frame)) events_.message(*std::move(message));
      }
    }
    while (!ended_) {
      const std::size_t bytes = output_.read_some(boost::asio::buffer(printed_), error);
      if (error) break;
      line_.append(printed_.data(), bytes);
    }
  }
  if (ended_) return;
  TakeLines(true);
  const std::string how = EndProcess();
  // What `ended` does may let go of this.
  const auto told = std::move(events_.ended);
  events_ = {};
  told(why.empty() ? how : "it broke the protocol: " + why);
}

void WorkerLink::Kill() {
  if (!ended_) EndProcess();
}

std::string WorkerLink::EndProcess() {
  ended_ = true;
  socket_.release();
  output_.release();
  if (exited_.is_open()) exited_.release();
  return EndWorker(process_);
}

}  // namespace kck
