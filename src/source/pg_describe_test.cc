#include <gtest/gtest.h>

#include "source/sources.h"
#include "testing/pg_server.h"
#include "testing/statements.h"

namespace kck {
namespace {

// The columns joined by commas, or the message.
std::string Describe(std::string_view sql, const std::vector<Param>& params = {}) {
  const auto source = OpenPgSource(SharedPgServer().Settings());
  const auto description = source->Describe(*MakeStatement(sql, params));
  if (!description) return description.error().message;
  std::string joined;
  for (const std::string& column : description->columns) joined += (joined.empty() ? "" : ",") + column;
  return joined;
}

TEST(PgDescribe, NamesTheColumns) {
  EXPECT_EQ(Describe("select :a as a, 1 as \"B c\", 2 as a", {{"a", ParamType::kInt}}), "a,B c,a");
  EXPECT_EQ(Describe("select date '2013-01-01' + :a as day", {{"a", ParamType::kInt}}), "day");
}

// Why the statement is filled singly.
std::string WhySingly(std::string_view sql, const std::vector<Param>& params) {
  const auto description = OpenPgSource(SharedPgServer().Settings())->Describe(*MakeStatement(sql, params));
  return description ? description->filled_singly : description.error().message;
}

TEST(PgDescribe, SaysWhatIsFilledSingly) {
  const Param number = {"a", ParamType::kInt};
  EXPECT_EQ(WhySingly("select relname from pg_class where oid = :a order by 1 limit :a", {number}), "");
  EXPECT_EQ(WhySingly("select :a, random() + RANDOM(), clock_timestamp()", {number}),
            "it calls what is volatile: clock_timestamp, random");
  EXPECT_EQ(WhySingly("select random()", {}), "") << "there is one key";
  EXPECT_EQ(WhySingly("select sum(:a)", {number}),
            "aggregate functions are not allowed in FROM clause of their own query level");
  EXPECT_EQ(WhySingly("select date '2013-01-01' + :a", {number}),
            "operator does not exist: date + bigint (No operator matches the given name and argument types. You might "
            "need to add explicit type casts.)");
  EXPECT_EQ(WhySingly("select date '2013-01-01' + :a::int", {number}), "");
}

TEST(PgDescribe, PlacesErrorsInTheAuthorsText) {
  EXPECT_EQ(Describe("select 'é' as first,\n       :a as second, oid, relnme\nfrom pg_class", {{"a", ParamType::kInt}}),
            "line 2 column 27: column \"relnme\" does not exist (Perhaps you meant to reference the column "
            "\"pg_class.relname\".)");
  EXPECT_EQ(Describe("select 1 frm x"), "line 1 column 14: syntax error at or near \"x\"");
  EXPECT_EQ(Describe("select 1 from"), "line 1 column 14: syntax error at end of input");
}

TEST(PgDescribe, SaysWhatTheDeclaredTypesDoNotFit) {
  EXPECT_EQ(
      Describe("select 1\nwhere point(1, 1) = :a", {{"a", ParamType::kBool}}),
      "line 2 column 19: operator does not exist: point = boolean (No operator matches the given name and argument "
      "types. You might need to add explicit type casts.)");
}

TEST(PgDescribe, RefusesWhatIsNoQuery) {
  const std::string refusal = "a product's query is SELECT, VALUES, TABLE or WITH … SELECT";
  SharedPgServer().Run("create table if not exists target (a int)");
  EXPECT_EQ(Describe("insert into target values (1) returning a"), refusal);
  EXPECT_EQ(Describe("show timezone"), refusal);
  EXPECT_EQ(Describe("with x as (insert into target values (1) returning a) select * from x"),
            "WITH clause containing a data-modifying statement must be at the top level");
  EXPECT_EQ(SharedPgServer().Run("select count(*) from target")[0], "0");
}

TEST(PgDescribe, SaysThatADatabaseCannotBeReached) {
  DatabaseSettings settings = SharedPgServer().Settings();
  settings.url = "postgresql://postgres@127.0.0.1:1/postgres";
  const auto source = OpenPgSource(settings);
  const auto description = source->Describe(*MakeStatement("select 1"));
  ASSERT_FALSE(description.has_value());
  EXPECT_TRUE(description.error().message.starts_with("database main cannot be reached: "))
      << description.error().message;
  EXPECT_FALSE(source->Reachable());
}

TEST(PgDescribe, NeverQuotesAUrlThatCannotBeRead) {
  DatabaseSettings settings = SharedPgServer().Settings();
  settings.url = "postgresql://postgres:pass%zzword@127.0.0.1/postgres";
  const auto description = OpenPgSource(settings)->Describe(*MakeStatement("select 1"));
  ASSERT_FALSE(description.has_value());
  EXPECT_EQ(description.error().message.find("zz"), std::string::npos) << description.error().message;
}

}  // namespace
}  // namespace kck
