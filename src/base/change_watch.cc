#include "base/change_watch.h"

#include <utility>

namespace kck {
namespace {

constexpr std::chrono::seconds kLookPause{1};

TimePoint After(Duration pause) { return pause == Duration::max() ? TimePoint::max() : Clock::now() + pause; }

}  // namespace

ChangeWatch::ChangeWatch(std::uint64_t loaded, Watched watched)
    : watched_(std::move(watched)),
      loaded_(loaded),
      reload_at_(After(watched_.reload_after)),
      thread_([this] { Run(); }) {}

ChangeWatch::~ChangeWatch() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ChangeWatch::LoadNow() {
  {
    MutexLock lock(mutex_);
    now_ = true;
  }
  changed_.notify_all();
}

void ChangeWatch::Run() {
  while (AwaitReason()) {
    loaded_ = watched_.load();
    reload_at_ = After(watched_.reload_after);
  }
}

bool ChangeWatch::AwaitReason() {
  std::uint64_t last = loaded_;
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stopping_ && !now_) changed_.wait_for(mutex_, kLookPause);
      if (stopping_) return false;
      if (std::exchange(now_, false)) return true;
    }
    if (Clock::now() >= reload_at_) return true;
    const std::uint64_t state = watched_.state();
    const bool still = state == last;
    last = state;
    if (still && state != loaded_) return true;
  }
}

}  // namespace kck
