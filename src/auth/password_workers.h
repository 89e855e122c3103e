// The threads that hold passwords against hashes: each takes tens of milliseconds, so no network thread may do it, and
// no more run at once than there are cores to spare.
//
// Any thread may call. The destructor runs what still waits.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "store/bounded_queue.h"

namespace kck {

class PasswordWorkers {
 public:
  static constexpr std::size_t kWaitingMax = 256;

  explicit PasswordWorkers(int threads);
  ~PasswordWorkers();
  PasswordWorkers(const PasswordWorkers&) = delete;
  PasswordWorkers& operator=(const PasswordWorkers&) = delete;

  // Runs `work` on one of the threads. False, and not run, where too many wait.
  bool Run(std::function<void()> work);

 private:
  BoundedQueue<std::function<void()>> waiting_{kWaitingMax, kWaitingMax};
  std::vector<std::thread> threads_;
};

}  // namespace kck
