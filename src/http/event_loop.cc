#include "http/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <array>
#include <system_error>

namespace kck {
namespace {

constexpr std::uint32_t kWatched = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
constexpr int kEventsATurn = 256;

Descriptor Opened(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return Descriptor(fd);
}

// Empties an eventfd or a timerfd. One that is empty already says so, and that is as good.
void TakeCount(const Descriptor& descriptor) {
  std::uint64_t count = 0;
  static_cast<void>(!read(descriptor.get(), &count, sizeof count));
}

timespec SinceClockBegan(TimePoint when) {
  const auto since = when.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  return {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(since - seconds).count()};
}

}  // namespace

EventLoop::EventLoop()
    : epoll_(Opened(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(Opened(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      timer_(Opened(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")) {
  if (!Watch(wake_, on_wake_) || !Watch(timer_, on_timer_)) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

bool EventLoop::Watch(const Descriptor& descriptor, Handler& handler) {
  epoll_event event{};
  event.events = kWatched;
  event.data.ptr = &handler;
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor.get(), &event) == 0;
}

void EventLoop::Run(const Work& on_turn) {
  std::array<epoll_event, kEventsATurn> events{};
  while (!stopped_) {
    const int count = epoll_wait(epoll_.get(), events.data(), kEventsATurn, -1);
    on_turn();
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      static_cast<Handler*>(event.data.ptr)->OnReady(event.events);
    }
  }
}

void EventLoop::Post(Work work) {
  MutexLock lock(mutex_);
  posted_.push_back(std::move(work));
  if (posted_.size() > 1) return;  // whoever put the first has woken the loop
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_.get(), &one, sizeof one));
}

void EventLoop::RunPosted() {
  TakeCount(wake_);
  {
    MutexLock lock(mutex_);
    std::swap(running_, posted_);
  }
  for (const Work& work : running_) work();
  running_.clear();
}

void EventLoop::At(TimePoint when, Work work) {
  due_.emplace(when, std::move(work));
  ArmTimer();
}

void EventLoop::RunDue() {
  TakeCount(timer_);
  const TimePoint now = Clock::now();
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto first = due_.extract(due_.begin());
    first.mapped()();
  }
  ArmTimer();
}

// steady_clock and CLOCK_MONOTONIC are one clock.
void EventLoop::ArmTimer() {
  itimerspec next{};
  if (!due_.empty()) next.it_value = SinceClockBegan(due_.begin()->first);
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &next, nullptr);
}

}  // namespace kck
