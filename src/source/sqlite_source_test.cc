// SQLite as a source, over real files.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <simdjson.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/base64.h"
#include "base/json.h"
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

TEST_F(SqliteSourceTest, OnlyReads) {
  EXPECT_EQ(RunFill(*source_, Lite("delete from t")).error().code, ErrorCode::kSourceError);
  EXPECT_NE(source_->Describe(*Lite("delete from t")).error().message.find("only reads"), std::string::npos);
}

TEST_F(SqliteSourceTest, AnErrorIsNotTheNextOnes) {
  const auto error = RunFill(*source_, Lite("select secret_column from t"));
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().message.find("secret_column"), std::string::npos) << "no SQL in what a client may see";
  EXPECT_EQ(JsonOf(*source_, "select 1"), "[[1]]");
}

TEST_F(SqliteSourceTest, ALongStatementEndsAtItsTime) {
  DatabaseSettings settings = file_.Settings();
  settings.statement_timeout = std::chrono::milliseconds(50);
  const auto hasty = OpenSqliteSource(settings);
  const auto endless = Lite("with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n");
  EXPECT_EQ(RunFill(*hasty, endless).error().code, ErrorCode::kSourceTimeout);
  EXPECT_EQ(RunFill(*source_, endless, {}, std::chrono::milliseconds(50)).error().code, ErrorCode::kSourceTimeout);
  EXPECT_EQ(JsonOf(*hasty, "select 1"), "[[1]]");
}

TEST_F(SqliteSourceTest, ClosingEndsWhatRuns) {
  std::promise<Result<Rows>> answered;
  source_->Fill(Lite("with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"), {},
                Clock::now() + std::chrono::hours(1), [&](Result<Rows> rows) { answered.set_value(std::move(rows)); });
  source_.reset();
  EXPECT_FALSE(answered.get_future().get());
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

TEST_F(SqliteSourceTest, DescribesAndPlacesFaults) {
  const auto good = source_->Describe(*Lite("select a, 1 as b from t"));
  ASSERT_TRUE(good);
  EXPECT_EQ(good->columns, (std::vector<std::string>{"a", "b"}));
  const auto bad = source_->Describe(
      *Lite("select a\n from t where :long_name = 1\n  and prize > 2", {{"long_name", ParamType::kInt, false, false}}));
  EXPECT_EQ(bad.error().message, "line 3 column 7: no such column: prize");
}

TEST(SqliteSourceFiles, AFileThatIsNoneOrNoDatabaseIsAnError) {
  DatabaseSettings settings;
  settings.name = "lite";
  settings.url = "sqlite:/nonexistent/x.db";
  const auto absent = OpenSqliteSource(settings);
  EXPECT_EQ(RunFill(*absent, Lite("select 1")).error().code, ErrorCode::kSourceError);
  EXPECT_FALSE(absent->Reachable());
  EXPECT_NE(absent->Describe(*Lite("select 1")).error().message.find("/nonexistent/x.db"), std::string::npos);

  SqliteFile file;
  std::ofstream(file.path()) << std::string(4096, 'x');
  const auto broken = OpenSqliteSource(file.Settings());
  EXPECT_EQ(RunFill(*broken, Lite("select 1")).error().code, ErrorCode::kSourceError);
}

// What a value written by SQLite's own literals must come back as.
struct Sample {
  std::string literal;
  std::string json;
};

rc::Gen<Sample> SampleGen() {
  auto integer = rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](std::int64_t number) {
    // SQLite reads the lowest integer as a negated real, so it is written in hexadecimal.
    const std::string literal = number == INT64_MIN ? "0x8000000000000000" : std::to_string(number);
    return Sample{literal, std::to_string(number)};
  });
  auto bytes = rc::gen::map(rc::gen::arbitrary<std::string>(), [](const std::string& raw) {
    Sample sample{"x'", "\""};
    for (const char c : raw) {
      static constexpr std::string_view kHex = "0123456789abcdef";
      sample.literal += kHex[static_cast<unsigned char>(c) >> 4U];
      sample.literal += kHex[static_cast<unsigned char>(c) & 0xFU];
    }
    sample.literal += "'";
    AppendBase64(sample.json, raw);
    sample.json += "\"";
    return sample;
  });
  auto text = rc::gen::map(rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127)), [](const std::string& raw) {
    Sample sample{"'", ""};
    for (const char c : raw) sample.literal += c == '\'' ? std::string("''") : std::string(1, c);
    sample.literal += "'";
    AppendJsonString(sample.json, raw);
    return sample;
  });
  return rc::gen::oneOf(integer, bytes, text, rc::gen::just(Sample{"null", "null"}));
}

RC_GTEST_PROP(SqliteRoundTrip, EveryValueComesBack, ()) {
  static SqliteFile file;
  static const auto source = OpenSqliteSource(file.Settings());
  const auto samples = *rc::gen::nonEmpty(rc::gen::container<std::vector<Sample>>(SampleGen()));
  std::string sql = "select ";
  std::string expected = "[[";
  for (std::size_t i = 0; i < std::min<std::size_t>(samples.size(), 100); ++i) {
    if (i > 0) {
      sql += ", ";
      expected += ",";
    }
    sql += samples[i].literal;
    expected += samples[i].json;
  }
  RC_ASSERT(JsonOf(*source, sql) == expected + "]]");
}

RC_GTEST_PROP(SqliteRoundTrip, EveryRealComesBackEqual, (double number)) {
  RC_PRE(std::isfinite(number));
  static SqliteFile file;
  static const auto source = OpenSqliteSource(file.Settings());
  const Result<std::string> text = CanonicalText(ParamType::kFloat, std::to_string(number));
  const auto rows = RunFill(*source, Lite("select :f", {{"f", ParamType::kFloat, false, false}}), {*text});
  simdjson::dom::parser parser;
  const double read = parser.parse(rows->json).at(0).at(0).get_double();
  RC_ASSERT(read == std::stod(*text));
}

}  // namespace
}  // namespace kck
