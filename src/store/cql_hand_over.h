// What a sanitizer is told of a request's way through the driver.
#pragma once

#include <atomic>

namespace kck {

// One request. The driver orders its making before its answer; but it is built without instrumentation, so that
// ThreadSanitizer cannot see that, and would take what the two threads do for a race. This says it again, for the price
// of a store and a load.
class CqlHandOver {
 public:
  // By who asks: the last thing before the driver gets the request.
  void ToDriver() { given_.store(true, std::memory_order_release); }

  // By the driver's thread: the first thing that it does with the answer.
  void FromDriver() const { static_cast<void>(given_.load(std::memory_order_acquire)); }

 private:
  std::atomic<bool> given_{false};
};

}  // namespace kck
