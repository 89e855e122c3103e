// kck check's second half, over a real SQLite file and a database that is not there.
#include "primer/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "primer/sql_primer.h"
#include "testing/sqlite_file.h"
#include "testing/statements.h"

namespace kck {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A database that cannot be reached.
class AbsentSource : public Source {
 public:
  void Fill(std::shared_ptr<const SqlStatement>, std::vector<ParamValue>, TimePoint, FillCallback) override { FAIL(); }
  Result<Description> Describe(const SqlStatement&) override { return Fail_(); }
  bool Reachable() const override { return false; }
  SqlDialect dialect() const override { return SqlDialect::kPostgres; }

 private:
  static Failure Fail_() { return kck::Fail(ErrorCode::kSourceError, "connection refused"); }
};

class CheckTest : public testing::Test {
 protected:
  std::shared_ptr<Product> Make(const std::string& name, std::string_view sql, const std::vector<Param>& params = {},
                                const std::string& database = "lite", RowShape shape = RowShape::kRows) {
    auto product = std::make_shared<Product>();
    product->name = name;
    product->location = {"products/" + name + ".yml", 1, 1};
    product->template_start = {"products/" + name + ".yml", 4, 5};
    product->database = database;
    product->params = params;
    product->statement =
        MakeStatement(sql, params, database == "lite" ? SqlDialect::kSqlite : SqlDialect::kPostgres, shape);
    return product;
  }

  std::vector<std::string> Check(const std::vector<ProductPtr>& products) {
    std::vector<std::string> texts;
    for (const Fault& fault : CheckProducts(products, sources_)) texts.push_back(FaultText(fault));
    return texts;
  }

  SqliteFile file_;
  Sources sources_{{"lite", OpenSqliteSource(file_.Settings())}, {"pg", std::make_shared<AbsentSource>()}};
};

TEST_F(CheckTest, TellsEveryFaultWithItsPlace) {
  auto jq = Make("jq", "select 1");
  jq->process_result.jq = ".[";
  EXPECT_THAT(Check({Make("good", "select a from t"), Make("column", "select a\n  from t where b = 1"),
                     Make("table", "select :id from u", {{"id", ParamType::kInt, false, false}}),
                     Make("twice", "select a, a from t", {}, "lite", RowShape::kDicts), jq}),
              ElementsAre("products/column.yml:5:20: error: no such column: b", HasSubstr("products/table.yml"),
                          HasSubstr("products/twice.yml:1:1: error: the result has two columns named \"a\""),
                          HasSubstr("products/jq.yml:1:1: error: process_result: jq: error: syntax error")));
}

TEST_F(CheckTest, ADatabaseThatIsAwayIsOneFaultAndSyntaxIsCheckedAllTheSame) {
  const std::vector<ProductPtr> products = {
      Make("good", "select :id::int", {{"id", ParamType::kInt, false, false}}, "pg"),
      Make("bad", "select 1\n  form x", {}, "pg"),
      Make("after", "select :quite_long fro", {{"quite_long", ParamType::kInt, false, false}}, "pg")};
  EXPECT_THAT(Check(products), ElementsAre(HasSubstr("kck.yml: error: database pg: connection refused"),
                                           HasSubstr("products/bad.yml:5:")));
  EXPECT_TRUE(CheckProducts(products, sources_)[0].unreachable);
}

class SqlPrimerTest : public CheckTest {
 protected:
  Result<Primed> Prime(const ProductPtr& product, const std::vector<ParamValue>& params) {
    SqlPrimer primer(sources_);
    std::promise<Result<Primed>> primed;
    primer.Prime({"key", product, params}, Clock::now() + std::chrono::seconds(30),
                 [&](Result<Primed> result) { primed.set_value(std::move(result)); });
    return primed.get_future().get();
  }
};

TEST_F(SqlPrimerTest, RunsTheStatementAndTheExpression) {
  auto product = Make("p", "select :n, :n * 2", {{"n", ParamType::kInt, false, false}});
  product->process_result.jsonpath_first = "$[0][1]";
  const auto primed = Prime(product, {"21"});
  ASSERT_TRUE(primed);
  EXPECT_EQ(primed->value, "42");
  EXPECT_EQ(primed->row_count, 1U);
  EXPECT_FALSE(primed->empty);
}

TEST_F(SqlPrimerTest, NoRowsAreEmptyWhateverTheExpression) {
  auto product = Make("p", "select 1 where false");
  product->process_result.jq = ".[0].a.b";
  const auto primed = Prime(product, {});
  ASSERT_TRUE(primed);
  EXPECT_TRUE(primed->empty);
  EXPECT_EQ(primed->value, "[]");
}

TEST_F(SqlPrimerTest, AFailingExpressionIsThePrimersFailure) {
  auto product = Make("p", "select 1");
  product->process_result.jq = ".[0].a";
  EXPECT_EQ(Prime(product, {}).error().code, ErrorCode::kPrimerFailed);
}

}  // namespace
}  // namespace kck
