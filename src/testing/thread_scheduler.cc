#include "testing/thread_scheduler.h"

namespace kck {

ThreadScheduler::ThreadScheduler()
    : guard_(context_.get_executor()), inner_(context_.get_executor()), thread_([this] { context_.run(); }) {}

ThreadScheduler::~ThreadScheduler() {
  guard_.reset();
  thread_.join();
}

std::int64_t ThreadScheduler::UnixMillis() const {
  return inner_.UnixMillis() + std::chrono::duration_cast<std::chrono::milliseconds>(lead()).count();
}

}  // namespace kck
