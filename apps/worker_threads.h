// The threads that run the engine's work, and the signals that end `kck serve`.
//
// The first SIGTERM or SIGINT is for AwaitSignal, whenever it came since construction; the second ends the process at
// once, wherever it stands. One object a process.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>

namespace kck {

class WorkerThreads {
 public:
  explicit WorkerThreads(int threads);
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  boost::asio::any_io_executor executor();

  // Calls `reload` at each SIGHUP from now on, on one of the threads.
  void OnHangup(std::function<void()> reload);

  // Returns the first signal's number.
  int AwaitSignal();

  // Joins the threads. Work that has not begun is forgotten. May be called twice.
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kck
