// kck check's second half, over a real SQLite file and a database that is not there.
#include "primer/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/fake_source.h"
#include "testing/sqlite_file.h"
#include "testing/statements.h"

namespace kck {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

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
        MakeStatement(sql, params, database == "pg" ? SqlDialect::kPostgres : SqlDialect::kSqlite, shape);
    return product;
  }

  Faults CheckFaults(const std::vector<ProductPtr>& products) {
    Folder folder;
    folder.products = products;
    for (const char* name : {"lite", "pg", "absent"}) {
      DatabaseSettings& settings = folder.settings.databases[name];
      settings.name = name;
      settings.location = {"kck.yml", 2, 9};
    }
    return CheckProducts(folder, sources_);
  }

  std::vector<std::string> Check(const std::vector<ProductPtr>& products) {
    std::vector<std::string> texts;
    for (const Fault& fault : CheckFaults(products)) texts.push_back(FaultText(fault));
    return texts;
  }

  static DatabaseSettings AbsentFile() {
    DatabaseSettings settings;
    settings.url = "sqlite:/nonexistent/x.db";
    return settings;
  }

  SqliteFile file_;
  std::shared_ptr<FakeSource> pg_ = std::make_shared<FakeSource>();
  Sources sources_{
      {"lite", OpenSqliteSource(file_.Settings())}, {"pg", pg_}, {"absent", OpenSqliteSource(AbsentFile())}};
};

TEST_F(CheckTest, TellsEveryFaultWithItsPlace) {
  auto jq = Make("jq", "select 1");
  jq->process_result.jq = ".[";
  EXPECT_THAT(Check({Make("good", "select a from t"), Make("column", "select a\n  from t where b = 1"),
                     Make("table", "select :id from u", {{"id", ParamType::kInt, false, false}}),
                     Make("twice", "select a, a from t", {}, "lite", RowShape::kDicts), jq}),
              ElementsAre("products/column.yml:5:20: error: no such column: b", HasSubstr("products/table.yml"),
                          HasSubstr("products/twice.yml:1:1: error: the result has two columns named \"a\""),
                          HasSubstr("products/jq.yml:1:1: error: process_result: jq: syntax error")));
}

TEST_F(CheckTest, AFaultWithoutAPlaceInTheFileNamesItInTheMessage) {
  auto folded = Make("folded", "select a from\n u");
  folded->template_start.line = 0;
  pg_->describe = kck::Fail(ErrorCode::kSourceError, "line 2 column 2: no such table");
  folded->database = "pg";
  EXPECT_THAT(Check({folded}),
              ElementsAre("products/folded.yml:1:1: error: line 2 column 2 of the SQL: no such table"));
}

TEST_F(CheckTest, AMessageThatOnlyLooksPlacedIsToldWhole) {
  pg_->describe = kck::Fail(ErrorCode::kSourceError, "line 7 is too long");
  EXPECT_THAT(Check({Make("p", "select 1", {}, "pg")}), ElementsAre("products/p.yml:1:1: error: line 7 is too long"));
}

TEST_F(CheckTest, AnAbsentFileIsOneFaultAtItsDatabase) {
  EXPECT_THAT(Check({Make("one", "select 1", {}, "absent"), Make("two", "select 1", {}, "absent")}),
              ElementsAre(AllOf(HasSubstr("kck.yml:2:9: error: database absent: cannot open /nonexistent/x.db"),
                                HasSubstr("may this user read the file?"))));
}

TEST_F(CheckTest, ADatabaseThatIsAwayIsOneFaultAndSyntaxIsCheckedAllTheSame) {
  pg_->reachable = false;
  pg_->describe = kck::Fail(ErrorCode::kSourceError, "connection refused");
  const std::vector<ProductPtr> products = {
      Make("good", "select :id::int", {{"id", ParamType::kInt, false, false}}, "pg"),
      Make("bad", "select 'ä' where\n  :x = 'ü' form x", {{"x", ParamType::kString, false, false}}, "pg"),
      Make("after", "select :quite_long fro", {{"quite_long", ParamType::kInt, false, false}}, "pg")};
  EXPECT_THAT(Check(products), ElementsAre(HasSubstr("kck.yml:2:9: error: database pg: connection refused"),
                                           HasSubstr("products/bad.yml:5:16: error: syntax error")));
  EXPECT_TRUE(CheckFaults(products)[0].unreachable);
}

}  // namespace
}  // namespace kck
