#include "store/bounded_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace kck {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Pushed Push(BoundedQueue<int>& queue, int item, std::size_t bytes) { return queue.Push(item, bytes); }

TEST(BoundedQueue, RefusesAtEitherBound) {
  BoundedQueue<int> queue(3, 100);
  EXPECT_EQ(Push(queue, 1, 60), Pushed::kTaken);
  EXPECT_EQ(Push(queue, 2, 41), Pushed::kFull);
  EXPECT_EQ(Push(queue, 3, 40), Pushed::kTaken);
  EXPECT_EQ(Push(queue, 4, 0), Pushed::kTaken);
  EXPECT_EQ(Push(queue, 5, 0), Pushed::kFull);
  EXPECT_EQ(queue.Take(), 1);
  EXPECT_EQ(Push(queue, 6, 60), Pushed::kTaken) << "what was taken gave its room back";
  EXPECT_THAT(queue.TakeAll(), ElementsAre(3, 4, 6));
  EXPECT_EQ(Push(queue, 7, 1000), Pushed::kTaken) << "alone, or it could never go through";
  EXPECT_EQ(Push(queue, 8, 1), Pushed::kFull);
}

TEST(BoundedQueue, ARefusedItemIsStillTheCallers) {
  BoundedQueue<std::unique_ptr<int>> queue(0, 0);
  auto item = std::make_unique<int>(1);
  EXPECT_EQ(queue.Push(item, 1), Pushed::kFull);
  EXPECT_NE(item, nullptr);
}

TEST(BoundedQueue, ClosedItBringsWhatItHoldsAndThenNothing) {
  BoundedQueue<int> queue(10, 100);
  Push(queue, 1, 1);
  Push(queue, 2, 1);
  queue.Close();
  EXPECT_EQ(Push(queue, 3, 1), Pushed::kClosed);
  EXPECT_EQ(queue.Take(), 1);
  EXPECT_THAT(queue.TakeAll(), ElementsAre(2));
  EXPECT_EQ(queue.Take(), std::nullopt);
  EXPECT_THAT(queue.TakeAll(), IsEmpty());
}

TEST(BoundedQueue, ATakerWaits) {
  BoundedQueue<int> queue(10, 100);
  int sum = 0;
  std::thread taker([&] {
    while (const auto item = queue.Take()) sum += *item;
  });
  for (int i = 1; i <= 1000; ++i) {
    while (Push(queue, i, 1) == Pushed::kFull) std::this_thread::yield();
  }
  queue.Close();
  taker.join();
  EXPECT_EQ(sum, 500500);
}

}  // namespace
}  // namespace kck
