#include "testing/patience.h"

#include <thread>

namespace kck {

bool BecomesTrue(const std::function<bool()>& condition) {
  const auto give_up_at = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up_at) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace kck
