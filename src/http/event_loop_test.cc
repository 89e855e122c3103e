#include "http/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <thread>

namespace kck {
namespace {

using namespace std::chrono_literals;

void RunLoop(EventLoop& loop) {
  loop.Run([] {});
}

TEST(EventLoopTest, RunsWhatOtherThreadsPostInTheirOrder) {
  constexpr int kEach = 1000;
  EventLoop loop;
  std::array<int, 4> next{};
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < next.size(); ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        loop.Post([&, thread, i] {
          EXPECT_EQ(next.at(thread)++, i);
          if (next == std::array{kEach, kEach, kEach, kEach}) loop.Stop();
        });
      }
    });
  }
  RunLoop(loop);
  for (std::thread& thread : threads) thread.join();
}

TEST(EventLoopTest, WorkMayPostWork) {
  EventLoop loop;
  int runs = 0;
  std::function<void()> again = [&] {
    if (++runs == 10) return loop.Stop();
    loop.Post(again);
  };
  loop.Post(again);
  RunLoop(loop);
  EXPECT_EQ(runs, 10);
}

TEST(EventLoopTest, RunsWhatIsDueInTheOrderOfTimes) {
  EventLoop loop;
  std::string order;
  const TimePoint now = Clock::now();
  loop.At(now + 20ms, [&] {
    order += 'c';
    EXPECT_GE(Clock::now(), now + 20ms);
    loop.Stop();
  });
  loop.At(now + 10ms, [&] { order += 'b'; });
  loop.At(now - 1s, [&] {
    order += 'a';
    loop.At(now + 5ms, [&] { order += '+'; });
  });
  loop.At(now + 1h, [&] { order += '!'; });
  RunLoop(loop);
  EXPECT_EQ(order, "a+bc");
}

// Counts its events, and reads nothing.
struct Counter final : EventLoop::Handler {
  explicit Counter(EventLoop& owner) : loop(owner) {}

  void OnReady(std::uint32_t events) override {
    if ((events & EPOLLIN) != 0) ++readable;
    if ((events & EPOLLRDHUP) == 0) return;
    ++ended;
    loop.Stop();
  }

  EventLoop& loop;
  int readable = 0;
  int ended = 0;
};

TEST(EventLoopTest, TellsReadinessOnceForEachArrival) {
  EventLoop loop;
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  const Descriptor watched(ends[0]);
  Descriptor other(ends[1]);
  Counter counter(loop);
  ASSERT_TRUE(loop.Watch(watched, counter));
  ASSERT_EQ(send(other.get(), "a", 1, 0), 1);
  int turns = 0;
  loop.Post([&] {
    ASSERT_EQ(send(other.get(), "b", 1, 0), 1);
    loop.Post([&] { other.Close(); });
  });
  loop.Run([&] { ++turns; });
  EXPECT_EQ(counter.ended, 1);
  EXPECT_GE(counter.readable, 2);
  EXPECT_LE(counter.readable, 4) << "unread bytes alone are no news";
  EXPECT_LE(turns, 6);
}

}  // namespace
}  // namespace kck
