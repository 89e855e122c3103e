#include "refresh/schedule_book.h"

#include <gtest/gtest.h>

namespace kck {
namespace {

using std::chrono::seconds;

constexpr TimePoint kStart = TimePoint{} + std::chrono::hours(1);

ResolvedKey Key(const std::string& text) { return {text, nullptr, {}}; }

TEST(ScheduleBook, GivesWhatIsDueOnce) {
  ScheduleBook book(10);
  EXPECT_EQ(book.Set(Key("a"), kStart + seconds(2)), ScheduleBook::Entered::kNew);
  EXPECT_EQ(book.Set(Key("b"), kStart + seconds(1)), ScheduleBook::Entered::kNew);
  EXPECT_EQ(*book.next(), kStart + seconds(1));
  EXPECT_TRUE(book.TakeDue(kStart).empty());
  EXPECT_EQ(book.TakeDue(kStart + seconds(1)).at(0).text, "b");
  EXPECT_FALSE(book.DueOf("b")) << "it waits for its fill";
  EXPECT_TRUE(book.Holds("b"));
  EXPECT_EQ(book.TakeDue(kStart + seconds(5)).size(), 1U);
  EXPECT_FALSE(book.next());
  EXPECT_EQ(book.Set(Key("b"), kStart + seconds(7)), ScheduleBook::Entered::kKnown);
  EXPECT_EQ(*book.DueOf("b"), kStart + seconds(7));
}

TEST(ScheduleBook, ALaterDueTimeReplacesTheOneBefore) {
  ScheduleBook book(10);
  book.Set(Key("a"), kStart + seconds(1));
  book.Set(Key("a"), kStart + seconds(3));
  EXPECT_TRUE(book.TakeDue(kStart + seconds(2)).empty());
  EXPECT_EQ(book.TakeDue(kStart + seconds(3)).size(), 1U);
}

TEST(ScheduleBook, AKeyUnreadForSomePeriodsLeaves) {
  ScheduleBook book(10);
  book.Set(Key("a"), kStart);
  EXPECT_TRUE(book.Note("a", false, 2));
  EXPECT_TRUE(book.Note("a", true, 2));
  EXPECT_TRUE(book.Note("a", false, 2));
  EXPECT_TRUE(book.Note("a", false, 2));
  EXPECT_FALSE(book.Note("a", false, 2));
  EXPECT_FALSE(book.Holds("a"));
  EXPECT_FALSE(book.next());
}

TEST(ScheduleBook, IsBounded) {
  ScheduleBook book(1);
  book.Set(Key("a"), kStart);
  EXPECT_EQ(book.Set(Key("b"), kStart), ScheduleBook::Entered::kFull);
  EXPECT_EQ(book.Set(Key("a"), kStart), ScheduleBook::Entered::kKnown);
}

}  // namespace
}  // namespace kck
