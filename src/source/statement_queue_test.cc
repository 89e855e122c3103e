#include "source/statement_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "source/source.h"

namespace kck {
namespace {

class StatementQueueTest : public testing::Test {
 protected:
  using Told = std::shared_ptr<std::promise<std::string>>;

  void TearDown() override { queue_.Close(); }

  // Pushes a fill that is named by its one parameter; what it is answered goes to the result.
  Told Push(const std::string& name, Duration wait) {
    auto told = std::make_shared<std::promise<std::string>>();
    queue_.Push({nullptr, {name}, Clock::now() + wait, [told](const Result<Rows>& rows) {
                   told->set_value(rows ? rows->json : rows.error().message);
                 }});
    return told;
  }

  // The same for what nobody waits for.
  std::vector<Told> PushBehind(const std::vector<std::string>& names, Duration wait) {
    std::vector<Told> told;
    std::vector<WaitingStatement<Rows>> many;
    for (const std::string& name : names) {
      told.push_back(std::make_shared<std::promise<std::string>>());
      many.push_back({nullptr, {name}, Clock::now() + wait, [one = told.back()](const Result<Rows>& rows) {
                        one->set_value(rows ? rows->json : rows.error().message);
                      }});
    }
    queue_.PushBehind(std::move(many));
    return told;
  }

  std::string TakeName(bool behind_too = true) {
    const auto fill = queue_.Take(behind_too);
    return fill ? fill->params[0].value() : "closed";
  }

  StatementQueue<Rows> queue_{{{ErrorCode::kOverloaded, "full"}, {ErrorCode::kSourceTimeout, "late"}}, 3};
  std::jthread overdue_{[this] { queue_.AnswerOverdue(); }};
};

TEST_F(StatementQueueTest, GivesTheMostUrgentFirst) {
  Push("later", std::chrono::minutes(2));
  Push("soon", std::chrono::minutes(1));
  Push("latest", std::chrono::minutes(3));
  EXPECT_EQ(TakeName(), "soon");
  EXPECT_EQ(TakeName(), "later");
  EXPECT_EQ(TakeName(), "latest");
}

TEST_F(StatementQueueTest, RefusesWhatIsPastItsBound) {
  for (const char* name : {"a", "b", "c"}) Push(name, std::chrono::minutes(1));
  EXPECT_EQ(Push("d", std::chrono::minutes(1))->get_future().get(), "full");
  EXPECT_EQ(TakeName(), "a");
  Push("e", std::chrono::minutes(1));
  EXPECT_EQ(TakeName(), "b");
}

TEST_F(StatementQueueTest, AnswersAtTheDeadlineWithoutAReader) {
  const Told late = Push("late", std::chrono::milliseconds(50));
  Push("in time", std::chrono::minutes(1));
  const Told later = Push("later", std::chrono::milliseconds(20));
  EXPECT_EQ(later->get_future().get(), "late");
  EXPECT_EQ(late->get_future().get(), "late");
  EXPECT_EQ(TakeName(), "in time");
}

TEST_F(StatementQueueTest, AnswersInsideNoCall) {
  for (const char* name : {"a", "b", "c"}) Push(name, std::chrono::minutes(1));
  std::promise<std::thread::id> answered_on;
  queue_.Push({nullptr, {}, Clock::now() + std::chrono::minutes(1), [&](const Result<Rows>&) {
                 answered_on.set_value(std::this_thread::get_id());
               }});
  EXPECT_NE(answered_on.get_future().get(), std::this_thread::get_id());
}

TEST_F(StatementQueueTest, GivesWhatNobodyWaitsForBehindAllOthers) {
  PushBehind({"x", "y"}, std::chrono::seconds(30));
  Push("a", std::chrono::minutes(1));
  Push("b", std::chrono::minutes(2));
  EXPECT_EQ(TakeName(), "a");
  EXPECT_EQ(TakeName(), "b");
  EXPECT_EQ(TakeName(), "x");
  Push("c", std::chrono::minutes(1));
  EXPECT_EQ(TakeName(), "c");
  EXPECT_EQ(TakeName(), "y");
}

TEST_F(StatementQueueTest, GivesWhatNobodyWaitsForToSomeThreadsOnly) {
  PushBehind({"x"}, std::chrono::minutes(1));
  auto other = std::async(std::launch::async, [this] { return TakeName(false); });
  Push("a", std::chrono::minutes(1));
  EXPECT_EQ(other.get(), "a");
  EXPECT_EQ(TakeName(), "x");
}

TEST_F(StatementQueueTest, WhatNobodyWaitsForHasABoundOfItsOwn) {
  for (const char* name : {"a", "b", "c"}) Push(name, std::chrono::minutes(1));
  const std::vector<Told> told = PushBehind({"x", "y", "z", "over"}, std::chrono::milliseconds(100));
  for (const std::size_t late : {0U, 1U, 2U}) EXPECT_EQ(told[late]->get_future().get(), "late");
  EXPECT_EQ(told[3]->get_future().get(), "full");
  EXPECT_EQ(TakeName(), "a");
}

TEST_F(StatementQueueTest, GivesWhatWaitsBeforeItEnds) {
  Push("a", std::chrono::minutes(1));
  PushBehind({"x"}, std::chrono::minutes(1));
  queue_.Close();
  EXPECT_EQ(TakeName(), "a");
  EXPECT_EQ(TakeName(false), "closed");
  EXPECT_EQ(TakeName(), "x");
  EXPECT_EQ(TakeName(), "closed");
}

}  // namespace
}  // namespace kck
