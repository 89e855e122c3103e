#include "primer/sql_primer.h"

#include <gtest/gtest.h>

#include <optional>

#include "testing/fake_source.h"
#include "testing/statements.h"

namespace kck {
namespace {

class SqlPrimerTest : public testing::Test {
 protected:
  // Primes `item/7`, which asks the source.
  void Prime() {
    const ResolvedKey key{"item/7", product_, {"7"}};
    primer_.Prime({key, {}, [this](Result<Primed> primed) { primed_ = std::move(primed); }}, deadline_);
  }

  static Rows RowsOf(std::string json, std::uint64_t count) {
    Rows rows;
    rows.json = std::move(json);
    rows.row_count = count;
    return rows;
  }

  static std::shared_ptr<Product> MakeProduct() {
    auto product = std::make_shared<Product>();
    product->name = "item";
    product->database = "main";
    product->statement = MakeStatement("select a, b from t where id = :id", {{"id", ParamType::kInt, false, false}});
    return product;
  }

  const TimePoint deadline_ = Clock::now() + std::chrono::seconds(30);
  std::shared_ptr<Product> product_ = MakeProduct();
  std::shared_ptr<FakeSource> source_ = std::make_shared<FakeSource>();
  SqlPrimer primer_{{{"main", source_}}};
  std::optional<Result<Primed>> primed_;
};

TEST_F(SqlPrimerTest, AsksTheProductsSource) {
  Prime();
  ASSERT_EQ(source_->asked().size(), 1U);
  EXPECT_EQ(source_->asked()[0].statement, product_->statement);
  EXPECT_EQ(source_->asked()[0].params, (std::vector<ParamValue>{"7"}));
  EXPECT_EQ(source_->asked()[0].deadline, deadline_);
  EXPECT_FALSE(primed_) << "nothing was answered yet";
}

TEST_F(SqlPrimerTest, PassesOnWhatTheSourceSays) {
  Prime();
  Rows rows = RowsOf("[[1,2]]", 1);
  rows.stamp = InternStamp("734:740:735,738");
  rows.identity = {99, 2};
  rows.cost_us = 1234;
  source_->Answer(0, rows);
  ASSERT_TRUE(primed_ && *primed_);
  const Primed& primed = **primed_;
  EXPECT_EQ(primed.value, "[[1,2]]");
  EXPECT_FALSE(primed.empty);
  EXPECT_EQ(primed.stamp, rows.stamp);
  EXPECT_EQ(primed.identity, rows.identity);
  EXPECT_EQ(primed.cost_us, 1234U);
}

TEST_F(SqlPrimerTest, TellsTheMomentOfADatabase) {
  std::optional<Result<Primed>> moment;
  primer_.ReadMoment("main", deadline_, [&moment](Result<Primed> told) { moment = std::move(told); });
  ASSERT_EQ(source_->asked().size(), 1U);
  EXPECT_EQ(source_->asked()[0].statement->sql.text, std::vector<std::string>{"select 1"});
  EXPECT_EQ(source_->asked()[0].deadline, deadline_);
  Rows rows = RowsOf("[[1]]", 1);
  rows.stamp = InternStamp("734:740:735,738");
  rows.identity = {99, 2};
  source_->Answer(0, rows);
  ASSERT_TRUE(moment && *moment);
  EXPECT_EQ((*moment)->stamp, rows.stamp);
  EXPECT_EQ((*moment)->identity, rows.identity);
  primer_.ReadMoment("another", deadline_, [&moment](Result<Primed> told) { moment = std::move(told); });
  EXPECT_FALSE(*moment);
}

TEST_F(SqlPrimerTest, AppliesTheExpression) {
  product_->process_result.jsonpath_first = "$[0][1]";
  Prime();
  source_->Answer(0, RowsOf("[[1,2.50]]", 1));
  ASSERT_TRUE(primed_ && *primed_);
  EXPECT_EQ((*primed_)->value, "2.50");
}

TEST_F(SqlPrimerTest, NoRowsAreEmptyWhateverTheExpression) {
  product_->process_result.jq = ".[0].a.b";
  Prime();
  source_->Answer(0, RowsOf("[]", 0));
  ASSERT_TRUE(primed_ && *primed_);
  EXPECT_TRUE((*primed_)->empty);
  EXPECT_EQ((*primed_)->value, "[]");
}

TEST_F(SqlPrimerTest, AFailingExpressionIsThePrimersFailure) {
  product_->process_result.jq = ".[0].a";
  Prime();
  source_->Answer(0, RowsOf("[[1]]", 1));
  ASSERT_TRUE(primed_ && !*primed_);
  EXPECT_EQ(primed_->error().code, ErrorCode::kPrimerFailed);
}

TEST_F(SqlPrimerTest, TheSourcesFailureStaysItsOwn) {
  product_->process_result.jq = ".";
  Prime();
  source_->Answer(0, Fail(ErrorCode::kSourceTimeout, "too slow"));
  ASSERT_TRUE(primed_ && !*primed_);
  EXPECT_EQ(primed_->error().code, ErrorCode::kSourceTimeout);
  EXPECT_EQ(primed_->error().message, "too slow");
}

}  // namespace
}  // namespace kck
