#include "auth/password_workers.h"

namespace kck {

PasswordWorkers::PasswordWorkers(int threads) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      while (auto work = waiting_.Take()) (*work)();
    });
  }
}

PasswordWorkers::~PasswordWorkers() {
  waiting_.Close();
  for (std::thread& thread : threads_) thread.join();
}

bool PasswordWorkers::Run(std::function<void()> work) { return waiting_.Push(work, 1) == Pushed::kTaken; }

}  // namespace kck
