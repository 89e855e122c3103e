// Writes to SQLite, over real files.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "source/sources.h"
#include "testing/sqlite_file.h"
#include "testing/statements.h"

namespace kck {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Param kName{"name", ParamType::kString};

class SqliteWriterTest : public testing::Test {
 protected:
  SqliteWriterTest() {
    file_.Run(
        "create table item (id integer primary key, name text not null unique, price real check (price > 0),"
        " owner int references owner (id), constraint cheap check (price < 1000));"
        "create table owner (id integer primary key)");
  }

  static std::shared_ptr<const SqlStatement> Lite(std::string_view sql, const std::vector<Param>& params = {},
                                                  RowShape shape = RowShape::kRows) {
    return MakeStatement(sql, params, SqlDialect::kSqlite, shape);
  }

  // "ROWS RETURNING", or the error's name and message.
  std::string Write(std::string_view sql, const std::vector<Param>& params = {}, std::vector<ParamValue> values = {}) {
    const Result<Written> written = RunWrite(*writer_, Lite(sql, params), std::move(values));
    if (!written) return fmt::format("{} {}", ErrorName(written.error().code), written.error().message);
    return fmt::format("{} {}", written->rows, written->returning);
  }

  std::string Read(std::string_view sql) { return RunFill(*source_, Lite(sql))->json; }

  SqliteFile file_;
  std::shared_ptr<Source> source_ = OpenSqliteSource(file_.Settings());
  std::shared_ptr<Writer> writer_ = OpenSqliteWriter(file_.Settings());
};

TEST_F(SqliteWriterTest, BringsRowsAndReturning) {
  const auto written =
      RunWrite(*writer_,
               Lite("insert into item (name, price) values (:name, 1.5) returning id, name", {kName}, RowShape::kDicts),
               {"it's"});
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->returning, R"([{"id":1,"name":"it's"}])");
  EXPECT_EQ(written->rows, 1U);
  EXPECT_FALSE(written->transaction);
  EXPECT_EQ(Read("select name from item"), R"([["it's"]])");
  EXPECT_EQ(Write("insert into item (name) values ('b'), ('c')"), "2 []");
  EXPECT_EQ(Write("delete from item where id > 1 returning name"), R"(2 [["b"],["c"]])");
  EXPECT_EQ(Write("update item set price = 2 where id = 99"), "0 []");
}

TEST_F(SqliteWriterTest, TheValuesFaultsAreTheClients) {
  Write("insert into item (name) values ('taken')");
  EXPECT_EQ(Write("insert into item (name) values (:name)", {kName}, {"taken"}),
            "KCKBadRequest there is such a row already, by the unique columns: item.name");
  EXPECT_EQ(Write("insert into item (name) values (:name)", {kName}, {std::nullopt}),
            "KCKBadRequest a column may not be NULL: item.name");
  EXPECT_EQ(Write("update item set price = 2000"), "KCKBadRequest the values break a CHECK constraint: cheap");
  EXPECT_EQ(Write("update item set price = -1"), "KCKBadRequest the values break a CHECK constraint")
      << "a check without a name is quoted by its SQL";
  EXPECT_EQ(Write("update item set id = :name", {kName}, {"x"}),
            "KCKBadRequest a value does not fit its column's type");
  EXPECT_THAT(Write("update item set owner = 7"), HasSubstr("KCKBadRequest the write breaks a foreign key"));
  EXPECT_EQ(Read("select id, name, price from item"), R"([[1,"taken",null]])");
}

TEST_F(SqliteWriterTest, OtherFailuresAreTheSourcesAndQuoteNothing) {
  EXPECT_THAT(Write("insert into absent values (1)"),
              AllOf(HasSubstr("KCKSourceError database lite: the statement does not fit the database"),
                    HasSubstr("; nothing was written"), Not(HasSubstr("absent"))));
  EXPECT_THAT(Write("select 1"), HasSubstr("KCKSourceError"));
  EXPECT_EQ(Write("insert into item (name) values ('a')"), "1 []");
}

TEST_F(SqliteWriterTest, WaitsForAnotherProcessAndNoLongerThanAllowed) {
  SqliteLock lock(file_);
  const auto late = RunWrite(*writer_, Lite("insert into item (name) values ('a')"), {}, std::chrono::milliseconds(50));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kSourceTimeout);
  EXPECT_THAT(late.error().message, HasSubstr("; nothing was written"));
  auto waits = std::async(std::launch::async, [this] { return Write("insert into item (name) values ('b')"); });
  lock.Release();
  EXPECT_EQ(waits.get(), "1 []");
  EXPECT_EQ(Read("select name from item"), R"([["b"]])");
}

TEST_F(SqliteWriterTest, AnEndlessStatementIsStoppedAndUndone) {
  const auto statement =
      Lite("with recursive n(i) as (select 1 union all select i + 1 from n) insert into item (name) select i from n");
  const auto late = RunWrite(*writer_, statement, {}, std::chrono::milliseconds(50));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kSourceTimeout);
  EXPECT_EQ(Read("select count(*) from item"), "[[0]]");
  EXPECT_EQ(Write("insert into item (name) values ('a')"), "1 []");
}

TEST_F(SqliteWriterTest, LeavesTheJournalModeAlone) {
  file_.Run("pragma journal_mode = wal");
  EXPECT_EQ(Write("insert into item (name) values ('a')"), "1 []");
  EXPECT_EQ(Read("select journal_mode from pragma_journal_mode"), R"([["wal"]])");
}

TEST_F(SqliteWriterTest, DescribesWithoutWriting) {
  const auto described = writer_->Describe(*Lite("insert into item (name) values (:name) returning id", {kName}));
  ASSERT_TRUE(described) << described.error().message;
  EXPECT_THAT(described->columns, ElementsAre("id"));
  EXPECT_EQ(Read("select count(*) from item"), "[[0]]");
  const auto wrong = writer_->Describe(*Lite("update item set prize = 1"));
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("no such column: prize"));
  const auto reads = writer_->Describe(*Lite("select 1"));
  ASSERT_FALSE(reads);
  EXPECT_THAT(reads.error().message, HasSubstr("the statement writes nothing"));
}

}  // namespace
}  // namespace kck
