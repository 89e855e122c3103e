// One worker's process with the server's end of its socket: frames out, messages in, printed lines into the log.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "python/worker_message.h"
#include "python/worker_process.h"

namespace kck {

// Of the one thread that runs the context. Callbacks come from there, and none after Kill or `ended`.
class WorkerLink : public std::enable_shared_from_this<WorkerLink> {
 public:
  struct Events {
    std::function<void(WorkerMessage)> message;
    std::function<void(std::string_view line)> printed;  // a part of a line that is very long
    std::function<void(std::string how)> ended;          // by itself, or since it broke the protocol
  };

  WorkerLink(boost::asio::io_context& context, WorkerProcess process, std::size_t message_bytes_max, Events events);
  ~WorkerLink();
  WorkerLink(const WorkerLink&) = delete;
  WorkerLink& operator=(const WorkerLink&) = delete;

  void Begin();
  void Send(std::string frame);
  // Ends it at once, without a word to anybody.
  void Kill();

  pid_t pid() const { return pid_; }

 private:
  void Read();
  void OnRead(std::size_t bytes);
  void ReadOutput();
  void TakeLines(bool all);
  void Write();
  void AwaitExit();
  void End(const std::string& why);
  std::string EndProcess();  // as EndWorker

  WorkerProcess process_;
  const pid_t pid_;
  Events events_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::posix::stream_descriptor output_;
  boost::asio::posix::stream_descriptor exited_;
  FrameReader frames_;
  std::array<char, 65536> read_{};
  std::array<char, 8192> printed_{};
  std::string line_;
  std::deque<std::string> unsent_;
  bool ended_ = false;
};

}  // namespace kck
