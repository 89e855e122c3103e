// Which mutex guards which field, said in the declaration. clang checks it (-Wthread-safety); g++ sees nothing.
#pragma once

#include <mutex>

#if defined(__clang__)
#define KCK_ATTRIBUTE(x) __attribute__((x))
#else
#define KCK_ATTRIBUTE(x)
#endif

#define KCK_GUARDED_BY(x) KCK_ATTRIBUTE(guarded_by(x))
#define KCK_REQUIRES(...) KCK_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define KCK_EXCLUDES(...) KCK_ATTRIBUTE(locks_excluded(__VA_ARGS__))

namespace kck {

// std::mutex with the capability attribute that the analysis needs.
class KCK_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() KCK_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() KCK_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

  // For std::condition_variable, which wants the real thing. The caller holds this mutex.
  std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
};

class KCK_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  [[nodiscard]] explicit MutexLock(Mutex& mutex) KCK_ATTRIBUTE(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() KCK_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace kck
