// SQLite as a source, over real files.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include "source/sources.h"
#include "testing/sqlite_file.h"
#include "testing/statements.h"

namespace kck {
namespace {

std::shared_ptr<const SqlStatement> Lite(std::string_view sql, const std::vector<Param>& params = {},
                                         RowShape shape = RowShape::kRows) {
  return MakeStatement(sql, params, SqlDialect::kSqlite, shape);
}

std::string JsonOf(Source& source, std::string_view sql) {
  const Result<Rows> rows = RunFill(source, Lite(sql));
  return rows ? rows->json : std::string(ErrorName(rows.error().code)) + " " + rows.error().message;
}

constexpr const char* kEndless =
    "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";

class SqliteSourceTest : public testing::Test {
 protected:
  SqliteFile file_;
  std::shared_ptr<Source> source_ = OpenSqliteSource(file_.Settings());
};

TEST_F(SqliteSourceTest, RendersEveryStorageClass) {
  EXPECT_EQ(JsonOf(*source_, "select 1, -9223372036854775808, 1.5, 'a\"b', x'00ff', null, 9e999, -9e999"),
            R"([[1,-9223372036854775808,1.5,"a\"b","AP8=",null,"Infinity","-Infinity"]])");
}

TEST_F(SqliteSourceTest, RendersByDeclaredType) {
  file_.Run(
      "create table d (b boolean, j json, n decimal(10,2), w date);"
      "insert into d values (1, '{\"a\": [1]}', 1.10, '2013-01-31'), (0, 'no json', null, null), (7, '1', 2, '')");
  EXPECT_EQ(JsonOf(*source_, "select b, j, n, w from d"),
            R"([[true,{"a": [1]},1.1,"2013-01-31"],[false,"no json",null,null],[7,1,2,""]])");
}

TEST_F(SqliteSourceTest, RendersDicts) {
  const auto rows = RunFill(*source_, Lite("select 1 as \"a\"\"b\", 2 as c union select 3, 4", {}, RowShape::kDicts));
  EXPECT_EQ(rows->json, R"([{"a\"b":1,"c":2},{"a\"b":3,"c":4}])");
  EXPECT_EQ(rows->row_count, 2U);
  EXPECT_EQ(rows->stamp, nullptr);
}

TEST_F(SqliteSourceTest, BindsEveryTypeAndNull) {
  const std::vector<Param> params = {{"i", ParamType::kInt, true, false},
                                     {"f", ParamType::kFloat, true, false},
                                     {"s", ParamType::kString, true, false},
                                     {"b", ParamType::kBool, true, false},
                                     {"d", ParamType::kDate, true, false}};
  const auto statement =
      Lite("select :i, typeof(:i), :f, typeof(:f), :s, typeof(:s), :b, typeof(:b), :d, typeof(:d)", params);
  EXPECT_EQ(RunFill(*source_, statement, {"7", "0.5", "it's", "true", "2013-01-31"})->json,
            R"([[7,"integer",0.5,"real","it's","text",1,"integer","2013-01-31","text"]])");
  EXPECT_EQ(RunFill(*source_, statement, std::vector<ParamValue>(5))->json,
            R"([[null,"null",null,"null",null,"null",null,"null",null,"null"]])");
}

TEST_F(SqliteSourceTest, AParameterIsNeverSql) {
  const std::string hostile = "'; drop table t; --";
  EXPECT_EQ(RunFill(*source_, Lite("select :s", {{"s", ParamType::kString, false, false}}), {hostile})->json,
            R"([["'; drop table t; --"]])");
  EXPECT_EQ(JsonOf(*source_, "select count(*) from t"), "[[0]]");
}

TEST_F(SqliteSourceTest, TwoColumnsOfOneNameAreNoObject) {
  const auto error = RunFill(*source_, Lite("select 1 as a, 2 as a", {}, RowShape::kDicts));
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code, ErrorCode::kSourceError);
  EXPECT_EQ(JsonOf(*source_, "select 1 as a, 2 as a"), "[[1,2]]");
}

TEST_F(SqliteSourceTest, OnlyReads) {
  for (const char* sql : {"delete from t", "insert into t values (1) returning a", "create table u (a)", "begin",
                          "attach ':memory:' as m", "vacuum", "pragma query_only = off"}) {
    EXPECT_EQ(RunFill(*source_, Lite(sql)).error().code, ErrorCode::kSourceError) << sql;
    const auto described = source_->Describe(*Lite(sql));
    ASSERT_FALSE(described) << sql;
    EXPECT_NE(described.error().message.find("make it a select"), std::string::npos) << described.error().message;
  }
  EXPECT_EQ(JsonOf(*source_, "select count(*) from t"), "[[0]]");
}

TEST_F(SqliteSourceTest, AnErrorQuotesNoSqlAndIsNotTheNextOnes) {
  for (const char* sql : {"select secret_column from t", "select json('secret_text')", "select secret("}) {
    const auto error = RunFill(*source_, Lite(sql));
    ASSERT_FALSE(error) << sql;
    EXPECT_EQ(error.error().code, ErrorCode::kSourceError);
    EXPECT_EQ(error.error().message.find("secret"), std::string::npos) << error.error().message;
    EXPECT_NE(error.error().message.find("database lite"), std::string::npos) << error.error().message;
  }
  EXPECT_EQ(JsonOf(*source_, "select 1"), "[[1]]");
}

TEST_F(SqliteSourceTest, AValueThatDoesNotFitIsTheStatementsFaultNotTheReaders) {
  EXPECT_EQ(
      JsonOf(*source_, "select 1 limit 'x'"),
      "KCKSourceError database lite: an expression of the statement fails on these rows; run it in sqlite3 to see "
      "which");
}

TEST_F(SqliteSourceTest, ALongStatementEndsAtItsTime) {
  DatabaseSettings settings = file_.Settings();
  settings.statement_timeout = std::chrono::milliseconds(50);
  const auto hasty = OpenSqliteSource(settings);
  EXPECT_EQ(RunFill(*hasty, Lite(kEndless)).error().code, ErrorCode::kSourceTimeout);
  EXPECT_EQ(RunFill(*source_, Lite(kEndless), {}, std::chrono::milliseconds(50)).error().code,
            ErrorCode::kSourceTimeout);
  EXPECT_EQ(JsonOf(*hasty, "select 1"), "[[1]]");
}

TEST_F(SqliteSourceTest, AFillBehindLongOnesEndsAtItsDeadline) {
  std::atomic<int> ended{0};
  for (int i = 0; i < file_.Settings().pool; ++i) {
    source_->Fill(Lite(kEndless), {}, Clock::now() + std::chrono::hours(1), [&](const Result<Rows>&) { ++ended; });
  }
  const auto waits = RunFill(*source_, Lite(kEndless), {}, std::chrono::milliseconds(100));
  ASSERT_FALSE(waits);
  EXPECT_EQ(waits.error().code, ErrorCode::kSourceTimeout);
  source_.reset();
  EXPECT_EQ(ended, file_.Settings().pool) << "each is answered, once";
}

TEST_F(SqliteSourceTest, ALockIsWaitedForUntilTheDeadline) {
  file_.Run("insert into t values (1)");
  SqliteLock lock(file_);
  EXPECT_EQ(RunFill(*source_, Lite("select a from t"), {}, std::chrono::milliseconds(50)).error().code,
            ErrorCode::kSourceTimeout);
  auto answered = std::make_shared<std::promise<std::string>>();
  source_->Fill(Lite("select a from t"), {}, Clock::now() + std::chrono::seconds(30),
                [answered](const Result<Rows>& rows) { answered->set_value(rows ? rows->json : "failed"); });
  lock.Release();
  EXPECT_EQ(answered->get_future().get(), "[[1]]");
}

TEST_F(SqliteSourceTest, ClosingEndsWhatRunsAndWhatWaits) {
  std::atomic<int> failed{0};
  for (int i = 0; i < 100; ++i) {
    source_->Fill(Lite(kEndless), {}, Clock::now() + std::chrono::hours(1),
                  [&](const Result<Rows>& rows) { failed += rows ? 0 : 1; });
  }
  source_.reset();
  EXPECT_EQ(failed, 100);
}

TEST_F(SqliteSourceTest, AThousandFillsAtOnce) {
  std::atomic<int> right{0};
  std::promise<void> all;
  std::atomic<int> left{1000};
  const auto statement = Lite("select :n * 2", {{"n", ParamType::kInt, false, false}});
  for (int i = 0; i < 1000; ++i) {
    source_->Fill(statement, {std::to_string(i)}, Clock::now() + std::chrono::seconds(30),
                  [&, i](const Result<Rows>& rows) {
                    if (rows && rows->json == "[[" + std::to_string(i * 2) + "]]") ++right;
                    if (--left == 0) all.set_value();
                  });
  }
  all.get_future().wait();
  EXPECT_EQ(right, 1000);
}

TEST_F(SqliteSourceTest, SeesAChangedSchema) {
  const auto statement = Lite("select * from t");
  file_.Run("insert into t values (1)");
  EXPECT_EQ(RunFill(*source_, statement)->json, "[[1]]");
  file_.Run("alter table t add column b text default 'x'");
  EXPECT_EQ(RunFill(*source_, statement)->json, "[[1,\"x\"]]");
}

TEST_F(SqliteSourceTest, ReadsTheFileThatTookTheOldOnesPlace) {
  EXPECT_EQ(JsonOf(*source_, "select count(*) from t"), "[[0]]");
  SqliteFile other;
  other.Run("insert into t values (5)");
  std::filesystem::rename(other.path(), file_.path());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(JsonOf(*source_, "select count(*) from t"), "[[1]]");
  std::filesystem::remove(file_.path());
  EXPECT_EQ(RunFill(*source_, Lite("select count(*) from t")).error().code, ErrorCode::kSourceError);
  EXPECT_FALSE(source_->Reachable());
}

TEST_F(SqliteSourceTest, DescribesAndPlacesFaults) {
  const auto good = source_->Describe(*Lite("select a, 1 as b from t"));
  ASSERT_TRUE(good);
  EXPECT_EQ(good->columns, (std::vector<std::string>{"a", "b"}));
  const std::vector<Param> params = {{"long_name", ParamType::kInt, false, false}};
  const auto later_line = source_->Describe(*Lite("select a\n from t where :long_name = 1\n  and prize > 2", params));
  EXPECT_EQ(later_line.error().message, "line 3 column 7: no such column: prize");
  const auto after_param = source_->Describe(*Lite("select 'ä', :long_name, prize", params));
  EXPECT_EQ(after_param.error().message, "line 1 column 25: no such column: prize");
}

TEST(SqliteSourceFiles, AFileThatIsNoneOrNoDatabaseIsAnError) {
  DatabaseSettings settings;
  settings.name = "lite";
  settings.url = "sqlite:/nonexistent/x.db";
  const auto absent = OpenSqliteSource(settings);
  EXPECT_EQ(RunFill(*absent, Lite("select 1")).error().code, ErrorCode::kSourceError);
  EXPECT_FALSE(absent->Reachable());
  EXPECT_NE(absent->Describe(*Lite("select 1")).error().message.find("/nonexistent/x.db"), std::string::npos);

  EXPECT_FALSE(absent->Reachable());

  SqliteFile file;
  std::ofstream(file.path()) << std::string(4096, 'x');
  const auto broken = OpenSqliteSource(file.Settings());
  const auto error = RunFill(*broken, Lite("select 1"));
  EXPECT_EQ(error.error().code, ErrorCode::kSourceError);
  EXPECT_EQ(error.error().message.find(file.path()), std::string::npos) << "a client need not know the path";
}

TEST_F(SqliteSourceTest, FillsBehindComeAfterThoseThatReadersWaitFor) {
  DatabaseSettings settings = file_.Settings();
  settings.pool = 1;
  source_ = OpenSqliteSource(settings);
  const auto statement = Lite("select :id", {{"id", ParamType::kInt}});
  std::vector<std::string> order;  // written by the one reader
  std::promise<void> all;
  const auto note = [&](const Result<Rows>& rows) {
    order.push_back(rows ? rows->json : rows.error().message);
    if (order.size() == 12) all.set_value();
  };
  // Holds the reader until all are there.
  std::promise<void> go;
  source_->Fill(statement, {"0"}, Clock::now() + std::chrono::seconds(30), [&](const Result<Rows>& rows) {
    go.get_future().get();
    note(rows);
  });
  std::vector<Source::FillRequest> requests;
  for (int id = 1; id <= 10; ++id) requests.push_back({{std::to_string(id)}, note});
  source_->FillBehind(statement, std::move(requests), Clock::now() + std::chrono::seconds(20));
  source_->Fill(statement, {"99"}, Clock::now() + std::chrono::seconds(30), note);
  go.set_value();
  all.get_future().get();
  EXPECT_EQ(order[1], "[[99]]");
  EXPECT_EQ(order.back(), "[[10]]");
  EXPECT_EQ(source_->stats().statements, 12U);
  EXPECT_EQ(source_->stats().behind_statements, 10U);
}

}  // namespace
}  // namespace kck
