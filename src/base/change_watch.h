// A thread that waits for files to change, and has them loaded again once they have been still for a second.
//
// It looks once a second, since network and container file systems do not tell of changes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <thread>

#include "base/scheduler.h"
#include "base/thread_annotations.h"

namespace kck {

class ChangeWatch {
 public:
  // Both are called on the watch's thread.
  struct Watched {
    std::function<std::uint64_t()> state;     // a number that stays as long as the files do
    std::function<std::uint64_t()> load;      // returns the state of what it has loaded
    Duration reload_after = Duration::max();  // loads them anyhow, so long after the last time
  };

  // Watches from now on. `loaded`: the state of what is loaded.
  ChangeWatch(std::uint64_t loaded, Watched watched);
  ~ChangeWatch();  // waits for a load that runs
  ChangeWatch(const ChangeWatch&) = delete;
  ChangeWatch& operator=(const ChangeWatch&) = delete;

  // Loads without waiting for a change, or for its end. Any thread, and returns at once.
  void LoadNow() KCK_EXCLUDES(mutex_);

 private:
  void Run();
  // Waits for a reason to load. False: the end.
  bool AwaitReason() KCK_EXCLUDES(mutex_);

  const Watched watched_;
  std::uint64_t loaded_;
  TimePoint reload_at_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  bool stopping_ KCK_GUARDED_BY(mutex_) = false;
  bool now_ KCK_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kck
