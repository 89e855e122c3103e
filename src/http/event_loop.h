// One thread's wait for sockets, times and other threads' work: epoll, a timerfd and an eventfd.
//
// Readiness is edge-triggered and asked for once, when a descriptor is first watched: no call into the system per
// request but the wait itself, which brings many. A handler is told when its descriptor becomes ready, and not again
// until it has used that up: read until a read brought less than was asked for, or written until the system took less.
//
// All methods but Post are for the thread that runs the loop, or before it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "base/scheduler.h"
#include "base/thread_annotations.h"
#include "http/descriptor.h"

namespace kck {

class EventLoop {
 public:
  using Work = std::function<void()>;

  // What waits for a descriptor. Must live until the turn after the one in which the descriptor was closed.
  class Handler {
   public:
    // `events`: of EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP and EPOLLERR those that hold.
    virtual void OnReady(std::uint32_t events) = 0;

   protected:
    ~Handler() = default;
  };

  EventLoop();  // throws std::system_error where the process may open no more descriptors
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Until the descriptor is closed. False where the system refuses.
  bool Watch(const Descriptor& descriptor, Handler& handler);

  // Runs `work` at or after `when`. What is still to come when the loop stops is dropped.
  void At(TimePoint when, Work work);

  // Runs `work` soon, on the loop's thread. Any thread.
  void Post(Work work) KCK_EXCLUDES(mutex_);

  // Runs until Stop(). `on_turn` runs after each wait, before what the wait brought.
  void Run(const Work& on_turn);
  void Stop() { stopped_ = true; }

 private:
  // A handler that is a method of the loop.
  class Own final : public Handler {
   public:
    Own(EventLoop& loop, void (EventLoop::*method)()) : loop_(loop), method_(method) {}
    void OnReady(std::uint32_t) override { (loop_.*method_)(); }

   private:
    EventLoop& loop_;
    void (EventLoop::*method_)();
  };

  void RunPosted();
  void RunDue();
  void ArmTimer();

  const Descriptor epoll_;
  const Descriptor wake_;
  const Descriptor timer_;
  Own on_wake_{*this, &EventLoop::RunPosted};
  Own on_timer_{*this, &EventLoop::RunDue};
  bool stopped_ = false;
  std::multimap<TimePoint, Work> due_;
  std::vector<Work> running_;
  Mutex mutex_;
  std::vector<Work> posted_ KCK_GUARDED_BY(mutex_);
};

}  // namespace kck
