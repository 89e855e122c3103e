// Fills from a real PostgreSQL: parameters, errors, time limits, many at once.
#include <gtest/gtest.h>

#include <future>
#include <set>

#include "source/pg_statement.h"
#include "source/sources.h"
#include "testing/pg_client.h"
#include "testing/pg_server.h"
#include "testing/statements.h"

namespace kck {
namespace {

using std::chrono::milliseconds;

class PgSourceTest : public testing::Test {
 protected:
  static std::shared_ptr<Source> Open(int pool, milliseconds statement_timeout = milliseconds(10000)) {
    DatabaseSettings settings = SharedPgServer().Settings();
    settings.pool = pool;
    settings.statement_timeout = statement_timeout;
    return OpenPgSource(settings);
  }

  // The JSON of the rows, or the error's name and message.
  std::string Ask(std::string_view sql, const std::vector<Param>& params = {}, std::vector<ParamValue> values = {}) {
    return Text(RunFill(*source_, MakeStatement(sql, params), std::move(values)));
  }

  static std::string Text(const Result<Rows>& rows) {
    return rows ? rows->json : std::string(ErrorName(rows.error().code)) + " " + rows.error().message;
  }

  static std::vector<std::string> Sql(const std::string& sql) { return SharedPgServer().Run(sql); }

  std::shared_ptr<Source> source_ = Open(1);

  void AwaitConnections(std::size_t count);
};

const Param kInt = {"a", ParamType::kInt};
const Param kString = {"a", ParamType::kString};
const Param kTimestamp = {"a", ParamType::kTimestamp};

TEST_F(PgSourceTest, BringsRowsWithStampIdentityAndCost) {
  const auto rows = RunFill(*source_, MakeStatement("select 1 as a, 'x' as b union all select 2, null order by 1"));
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->json, R"([[1,"x"],[2,null]])");
  EXPECT_EQ(rows->row_count, 2);
  ASSERT_NE(rows->stamp, nullptr);
  EXPECT_GT(rows->stamp->xmax, 0);
  EXPECT_EQ(std::to_string(rows->identity.system_identifier),
            Sql("select system_identifier from pg_control_system()")[0]);
  EXPECT_EQ(rows->identity.timeline, 1);
  EXPECT_GT(rows->cost_us, 0);
  EXPECT_TRUE(source_->Reachable());
}

TEST_F(PgSourceTest, NoRowsHaveAStampToo) {
  const auto rows = RunFill(*source_, MakeStatement("select 1 where false"));
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->json, "[]");
  EXPECT_EQ(rows->row_count, 0);
  EXPECT_NE(rows->stamp, nullptr);
}

TEST_F(PgSourceTest, RowsOfNullsAreRows) {
  EXPECT_EQ(Ask("values (null::int, null::text), (null, null)"), "[[null,null],[null,null]]");
}

TEST_F(PgSourceTest, RowsWithoutColumnsAreRows) { EXPECT_EQ(Ask("select from generate_series(1, 2)"), "[[],[]]"); }

TEST_F(PgSourceTest, KeepsTheOrderOfALargeResult) {
  const std::string rows = Ask("select g from generate_series(1, 50000) g order by g % 7, g desc");
  EXPECT_EQ(rows, Ask("select v from (select g v from generate_series(1, 50000) g) s order by v % 7, v desc"));
  EXPECT_TRUE(rows.starts_with("[[49994],[49987],")) << rows.substr(0, 40);
}

TEST_F(PgSourceTest, MakesObjects) {
  const auto statement =
      MakeStatement("select 1 as id, 'x' as \"a \"\"b\"\"\"", {}, SqlDialect::kPostgres, RowShape::kDicts);
  EXPECT_EQ(Text(RunFill(*source_, statement)), R"([{"id":1,"a \"b\"":"x"}])");
}

TEST_F(PgSourceTest, RefusesObjectsWithTwoFieldsOfOneName) {
  const auto statement = MakeStatement("select 1 as id, 2 as id", {}, SqlDialect::kPostgres, RowShape::kDicts);
  EXPECT_EQ(Text(RunFill(*source_, statement)),
            "KCKSourceError two columns are named id; give one another name with AS, or use type: rows");
  EXPECT_EQ(Ask("select 1 as id, 2 as id"), "[[1,2]]");
}

TEST_F(PgSourceTest, TakesTemplatesOfManyForms) {
  EXPECT_EQ(Ask("values (1), (2)"), "[[1],[2]]");
  EXPECT_EQ(Ask("with a as (select 1 as x) select x from a -- the end"), "[[1]]");
  EXPECT_EQ(Ask("(select 1) union all (select 2)"), "[[1],[2]]");
  EXPECT_EQ(Ask("/* first */ select kck_stamp, kck_rows from (values (1, 2)) v(kck_stamp, kck_rows);"), "[[1,2]]");
}

TEST_F(PgSourceTest, BindsEveryParameterType) {
  const std::vector<Param> params = {{"i", ParamType::kInt},  {"f", ParamType::kFloat},     {"s", ParamType::kString},
                                     {"d", ParamType::kDate}, {"t", ParamType::kTimestamp}, {"u", ParamType::kUuid},
                                     {"b", ParamType::kBool}};
  EXPECT_EQ(Ask("select :i, :f, :s, :d, :t, :u, :b, :i + 1", params,
                {"9007199254740993", "1.5", "it's", "2013-01-31", "2013-01-31T05:00:00.5Z",
                 "123e4567-e89b-12d3-a456-426614174000", "true"}),
            R"([[9007199254740993,1.5,"it's","2013-01-31","2013-01-31T05:00:00.5+00:00",)"
            R"("123e4567-e89b-12d3-a456-426614174000",true,9007199254740994]])");
  EXPECT_EQ(Ask("select :i is null, :s is null", {params[0], params[2]}, {std::nullopt, ""}), "[[true,false]]");
}

TEST_F(PgSourceTest, ComparesATimestampWithColumnsOfEitherType) {
  Sql("create table if not exists moments (plain timestamp, zoned timestamptz, day date);"
      "truncate moments;"
      "insert into moments values ('2013-01-01 05:00', '2013-01-01 05:00+00', '2013-01-01')");
  const std::string sql = "select count(*) from moments where plain = :a and zoned = :a and day < :a";
  for (const char* value : {"2013-01-01T05:00:00Z", "2013-01-01T05:00:00"}) {
    EXPECT_EQ(Ask(sql, {kTimestamp}, {value}), "[[1]]");
  }
}

TEST_F(PgSourceTest, TypesParametersAsLiteralsWhereDeclaredTypesDoNotFit) {
  Sql("drop table if exists moods; drop type if exists mood; create type mood as enum ('sad', 'glad');"
      "create table moods (m mood, u uuid); insert into moods values ('glad', null)");
  EXPECT_EQ(Ask("select date '2013-01-01' + :a", {kInt}, {"5"}), R"([["2013-01-06"]])");
  EXPECT_EQ(Ask("select m from moods where m = :a", {kString}, {"glad"}), R"([["glad"]])");
  EXPECT_EQ(Ask("select m from moods where m = :a", {kString}, {"sad"}), "[]");
}

TEST_F(PgSourceTest, KeepsTheIndexOfAnInt4Column) {
  Sql("drop table if exists numbered; create table numbered as select g as id, 'row ' || g as t "
      "from generate_series(1, 20000) g; create index on numbered (id); analyze numbered");
  // The very statement of the fill, with its parameter of type int8.
  const auto statement = MakeStatement("select t from numbered where id = :a", {kInt});
  PgClient client(SharedPgServer().Url());
  client.Run("prepare p(int8) as " + PgStampedTemplate(*statement));
  std::string plan;
  for (const std::string& line : client.Run("explain execute p(7)")) plan += line + "\n";
  EXPECT_NE(plan.find("Index Scan"), std::string::npos) << plan;
  EXPECT_EQ(Ask("select t from numbered where id = :a", {kInt}, {"7"}), R"([["row 7"]])");
  EXPECT_EQ(Ask("select t from numbered where id = :a", {kInt}, {"9007199254740993"}), "[]");
}

TEST_F(PgSourceTest, RefusesAZeroByte) {
  EXPECT_EQ(Ask("select :a", {kString}, {std::string("a\0b", 3)}),
            "KCKBadKey a parameter holds a zero byte, which PostgreSQL has no text for");
}

TEST_F(PgSourceTest, ErrorsQuoteNeitherStatementNorValues) {
  EXPECT_EQ(
      Ask("select 'secret' from nowhere_to_be_found"),
      "KCKSourceError database main failed the statement (SQLSTATE 42P01): the statement does not fit the tables, "
      "columns or types that are there; run kck check");
  EXPECT_EQ(
      Ask("select :a::text::int", {kString}, {"secret"}),
      "KCKSourceError database main failed the statement (SQLSTATE 22P02): a value does not fit its type or place");
}

TEST_F(PgSourceTest, AFailingStatementLeavesItsNeighboursAlone) {
  std::vector<std::promise<Result<Rows>>> answers(30);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const char* sql = i % 3 == 1 ? "select 1 / (:a - :a)" : i % 3 == 2 ? "select :a from nowhere" : "select :a";
    source_->Fill(MakeStatement(sql, {kInt}), {std::to_string(i)}, Clock::now() + std::chrono::seconds(30),
                  [&answer = answers[i]](Result<Rows> rows) { answer.set_value(std::move(rows)); });
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Result<Rows> rows = answers[i].get_future().get();
    if (i % 3 == 0) {
      EXPECT_EQ(Text(rows), "[[" + std::to_string(i) + "]]");
    } else {
      EXPECT_NE(Text(rows).find(i % 3 == 1 ? "SQLSTATE 22012" : "SQLSTATE 42P01"), std::string::npos) << Text(rows);
    }
  }
}

TEST_F(PgSourceTest, AThousandFillsShareFourConnections) {
  source_ = Open(4);
  AwaitConnections(4);
  // A volatile function, so that they are not computed together.
  const auto statement = MakeStatement("select :a, pg_backend_pid() from pg_sleep(0.0001)", {kInt});
  std::vector<std::promise<std::string>> answers(1000);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    source_->Fill(statement, {std::to_string(i)}, Clock::now() + std::chrono::seconds(30),
                  [&answer = answers[i]](const Result<Rows>& rows) { answer.set_value(Text(rows)); });
  }
  std::set<std::string> backends;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string answer = answers[i].get_future().get();
    const std::string expected = "[[" + std::to_string(i) + ",";
    ASSERT_TRUE(answer.starts_with(expected)) << answer;
    backends.insert(answer.substr(expected.size()));
  }
  EXPECT_LE(backends.size(), 4);
  EXPECT_GE(backends.size(), 2);
}

// Returns once so many connections answer: a source connects behind.
void PgSourceTest::AwaitConnections(std::size_t count) {
  std::set<std::string> backends;
  while (backends.size() < count) {
    std::vector<std::promise<std::string>> answers(count);
    for (auto& answer : answers) {
      source_->Fill(MakeStatement("select pg_backend_pid() from pg_sleep(0.01)"), {},
                    Clock::now() + std::chrono::seconds(30),
                    [&answer](const Result<Rows>& rows) { answer.set_value(Text(rows)); });
    }
    for (auto& answer : answers) backends.insert(answer.get_future().get());
  }
}

TEST_F(PgSourceTest, ASlowStatementDoesNotHoldUpOtherConnections) {
  source_ = Open(2);
  AwaitConnections(2);
  PgClient locker(SharedPgServer().Url());
  locker.Run("select pg_advisory_lock(7)");
  std::promise<std::string> slow;
  source_->Fill(MakeStatement("select 'slow' from pg_advisory_lock_shared(7)"), {},
                Clock::now() + std::chrono::seconds(30), [&](const Result<Rows>& rows) { slow.set_value(Text(rows)); });
  // Whichever connection waits for the lock, the other one answers: in particular once the first is known to be slow.
  for (int i = 0; i < 200; ++i) ASSERT_EQ(Ask("select 2"), "[[2]]");
  auto answer = slow.get_future();
  EXPECT_EQ(answer.wait_for(milliseconds(0)), std::future_status::timeout);
  locker.Run("select pg_advisory_unlock(7)");
  EXPECT_EQ(answer.get(), R"([["slow"]])");
}

TEST_F(PgSourceTest, StatementTimeoutIsATimeout) {
  source_ = Open(1, milliseconds(100));
  EXPECT_EQ(Ask("select pg_sleep(20)"),
            "KCKSourceTimeout database main stopped the statement at its statement_timeout; make the statement faster, "
            "or raise statement_timeout in kck.yml");
  EXPECT_EQ(Ask("select 1"), "[[1]]");
}

TEST_F(PgSourceTest, TheDeadlineAnswersWhateverTheDatabaseDoes) {
  const TimePoint start = Clock::now();
  const auto late = RunFill(*source_, MakeStatement("select pg_sleep(1)"), {}, milliseconds(50));
  EXPECT_LT(Clock::now() - start, milliseconds(900));
  EXPECT_EQ(Text(late), "KCKSourceTimeout database main did not answer in the time allowed");
  // The late answer is dropped, and is not taken for the next one.
  EXPECT_EQ(Ask("select 'next'"), R"([["next"]])");
}

TEST_F(PgSourceTest, ADeadlineThatHasPassedIsATimeout) {
  EXPECT_EQ(RunFill(*source_, MakeStatement("select 1"), {}, milliseconds(-1)).error().code, ErrorCode::kSourceTimeout);
}

TEST_F(PgSourceTest, RefusesToWrite) {
  Sql("create table if not exists written (n int);"
      "create or replace function write_it() returns int language sql volatile as 'insert into written values (1) "
      "returning n'");
  EXPECT_EQ(
      Ask("select write_it()"),
      "KCKSourceError database main failed the statement (SQLSTATE 25006): it writes, and a product may only read");
  EXPECT_EQ(Sql("select count(*) from written")[0], "0");
}

TEST_F(PgSourceTest, SurvivesDdlUnderAPreparedStatement) {
  Sql("drop table if exists shape; create table shape (a int); insert into shape values (1)");
  EXPECT_EQ(Ask("select * from shape"), "[[1]]");
  Sql("alter table shape add b text default 'new'");
  EXPECT_EQ(Ask("select * from shape"), R"([[1,"new"]])");
  Sql("alter table shape alter a type text");
  EXPECT_EQ(Ask("select * from shape"), R"([["1","new"]])");
  Sql("drop table shape");
  EXPECT_NE(Ask("select * from shape").find("42P01"), std::string::npos);
  Sql("create table shape (a bool); insert into shape values (true)");
  EXPECT_EQ(Ask("select * from shape"), "[[true]]");
}

TEST_F(PgSourceTest, PreparesAgainWhatWasDeallocated) {
  EXPECT_EQ(Ask("select 5"), "[[5]]");
  Sql("create or replace function forget() returns int language plpgsql as "
      "$$ begin execute 'deallocate all'; return 1; end $$");
  EXPECT_EQ(Ask("select forget()"), "[[1]]");
  EXPECT_EQ(Ask("select 5"), "[[5]]");
}

TEST_F(PgSourceTest, PreparesMoreStatementsThanItKeeps) {
  for (int i = 0; i < 1100; ++i) {
    const std::string number = std::to_string(i);
    ASSERT_EQ(Ask("select " + number), "[[" + number + "]]");
  }
  EXPECT_EQ(Ask("select 0"), "[[0]]");
  EXPECT_EQ(Ask("select count(*) <= 1000 from pg_prepared_statements"), "[[true]]");
}

TEST_F(PgSourceTest, RefusesMoreFillsThanItsBound) {
  PgClient locker(SharedPgServer().Url());
  locker.Run("select pg_advisory_lock(8)");
  const auto statement = MakeStatement("select 1 from pg_advisory_lock_shared(8)");
  constexpr int kCount = 10100;
  std::atomic<int> overloaded = 0;
  std::atomic<int> answered = 0;
  std::promise<void> refused;
  std::promise<void> all;
  for (int i = 0; i < kCount; ++i) {
    source_->Fill(statement, {}, Clock::now() + std::chrono::seconds(60), [&](const Result<Rows>& rows) {
      if (!rows && rows.error().code == ErrorCode::kOverloaded && ++overloaded == 100) refused.set_value();
      if (++answered == kCount) all.set_value();
    });
  }
  refused.get_future().get();
  locker.Run("select pg_advisory_unlock(8)");
  all.get_future().get();
  EXPECT_EQ(overloaded, 100);
}

TEST_F(PgSourceTest, ClosingAnswersWhatIsPending) {
  PgClient locker(SharedPgServer().Url());
  locker.Run("select pg_advisory_lock(9)");
  std::atomic<int> answered = 0;
  for (int i = 0; i < 50; ++i) {
    source_->Fill(MakeStatement("select 1 from pg_advisory_lock_shared(9)"), {},
                  Clock::now() + std::chrono::seconds(60), [&](const Result<Rows>& rows) {
                    EXPECT_EQ(Text(rows), "KCKSourceError database main is being closed");
                    ++answered;
                  });
  }
  source_.reset();
  EXPECT_EQ(answered, 50);
}

}  // namespace
}  // namespace kck
