// kck check's second half, over a real SQLite file and a database that is not there.
#include "primer/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/fake_source.h"
#include "testing/held_writer.h"
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
    folder.updaters = updaters_;
    folder.processes = processes_;
    return CheckOnDatabases(folder, {sources_, writers_});
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

  // Has the folder an updater with one insert, or more actions.
  void AddUpdater(const std::string& name, const std::string& database, std::string_view sql,
                  RowShape shape = RowShape::kRows) {
    auto updater = std::make_shared<Updater>();
    updater->name = name;
    updater->location = {"updaters/" + name + ".yml", 1, 1};
    updater->database = database;
    const SqlDialect dialect = database == "pg" ? SqlDialect::kPostgres : SqlDialect::kSqlite;
    updater->templates[0] =
        WriteTemplate{MakeStatement(sql, {}, dialect, shape), {}, {"updaters/" + name + ".yml", 3, 13}};
    updaters_.push_back(updater);
  }

  void AddProcess(const std::string& name, const std::string& database, std::string_view sql) {
    auto process = std::make_shared<Process>();
    process->name = name;
    process->location = {"processes/" + name + ".yml", 1, 1};
    process->database = database;
    process->statement = MakeStatement(sql, {}, database == "pg" ? SqlDialect::kPostgres : SqlDialect::kSqlite);
    process->template_start = {"processes/" + name + ".yml", 2, 6};
    processes_.push_back(process);
  }

  SqliteFile file_;
  std::vector<UpdaterPtr> updaters_;
  std::vector<ProcessPtr> processes_;
  std::shared_ptr<HeldWriter> pg_writer_ = std::make_shared<HeldWriter>();
  Writers writers_{{"lite", OpenSqliteWriter(file_.Settings())}, {"pg", pg_writer_}};
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

TEST_F(CheckTest, TellsTheFaultsOfUpdatersWithTheirPlace) {
  AddUpdater("good", "lite", "insert into t values (1)");
  AddUpdater("column", "lite", "update t set wrong = 1");
  AddUpdater("reads", "lite", "select a from t");
  AddUpdater("twice", "lite", "insert into t values (1) returning a, a", RowShape::kDicts);
  pg_writer_->describe = kck::Fail(ErrorCode::kSourceError, "line 1 column 8: permission denied for table t");
  AddUpdater("denied", "pg", "update t set a = 1");
  AddUpdater("ddl", "pg", "truncate t");
  AddUpdater("ends", "pg", "commit");
  EXPECT_THAT(Check({}),
              ElementsAre("updaters/column.yml:3:26: error: no such column: wrong",
                          HasSubstr("updaters/reads.yml:1:1: error: the statement writes nothing"),
                          HasSubstr("updaters/twice.yml:1:1: error: the result has two columns named \"a\""),
                          "updaters/denied.yml:3:20: error: permission denied for table t",
                          HasSubstr("updaters/ddl.yml:3:13: error: the statement is none that writes rows"),
                          HasSubstr("updaters/ends.yml:3:13: error: the statement is none that writes rows")));
}

TEST_F(CheckTest, TellsTheFaultsOfProcessesWithTheirPlace) {
  AddProcess("good", "lite", "delete from t");
  AddProcess("column", "lite", "delete from t where wrong = 1");
  AddProcess("reads", "lite", "select a from t");
  for (const char* sql : {"call f()", "refresh materialized view concurrently v", "truncate t", "select f()"}) {
    AddProcess("fits", "pg", sql);
  }
  for (const char* sql : {"vacuum t", "commit", "begin", "create table t (a int)"}) AddProcess("ddl", "pg", sql);
  auto domain = std::make_shared<Process>();
  domain->domain = "item";
  processes_.push_back(domain);
  EXPECT_THAT(Check({}),
              ElementsAre("processes/column.yml:2:26: error: no such column: wrong",
                          HasSubstr("processes/reads.yml:1:1: error: the statement writes nothing"),
                          HasSubstr("ddl.yml:2:6: error: the statement is none that a process may run (insert, update"),
                          HasSubstr("ddl.yml:2:6"), HasSubstr("ddl.yml:2:6"), HasSubstr("ddl.yml:2:6")));
}

TEST_F(CheckTest, AMessageThatOnlyLooksPlacedIsToldWhole) {
  pg_->describe = kck::Fail(ErrorCode::kSourceError, "line 7 is too long");
  EXPECT_THAT(Check({Make("p", "select 1", {}, "pg")}), ElementsAre("products/p.yml:1:1: error: line 7 is too long"));
}

TEST_F(CheckTest, AProductThatIsFilledSinglyIsAWarning) {
  pg_->describe = Description{{"a"}, "it calls what is volatile: random"};
  AddUpdater("writes", "pg", "update t set a = 1");
  const std::vector<ProductPtr> products = {Make("p", "select random()", {}, "pg")};
  EXPECT_THAT(Check(products),
              ElementsAre(HasSubstr(
                  "products/p.yml:1:1: warning: filled one key at a time: it calls what is volatile: random (")));
  EXPECT_FALSE(HasErrors(CheckFaults(products)));
}

TEST_F(CheckTest, ARoleThatIsRefusedIsAFaultOfItsField) {
  Description refused;
  refused.run_as_refused = "permission denied for table t";
  pg_->describe = refused;
  Product product = *Make("p", "select 1", {}, "pg");
  product.statement = RunningAs(product.statement, {"reader", {}, {"products/p.yml", 4, 5}});
  EXPECT_THAT(
      Check({std::make_shared<const Product>(product)}),
      ElementsAre(HasSubstr("products/p.yml:4:5: error: permission denied for table t (the role needs the right")));
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
