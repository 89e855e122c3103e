#include "model/sql_template.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kck {
namespace {

std::vector<std::string> Names(const SqlTemplate& sql) {
  std::vector<std::string> names;
  for (const TemplateParam& param : sql.params) names.push_back(param.name);
  return names;
}

std::string Joined(const SqlTemplate& sql) {
  std::string text = sql.text[0];
  for (std::size_t i = 0; i < sql.params.size(); ++i) text += ":" + sql.params[i].name + sql.text[i + 1];
  return text;
}

struct Case {
  const char* sql;
  std::vector<std::string> names;
  SqlDialect dialect = SqlDialect::kPostgres;
};

class Scanning : public testing::TestWithParam<Case> {};

TEST_P(Scanning, FindsExactlyTheParameters) {
  const auto sql = ParseSqlTemplate(GetParam().sql, GetParam().dialect);
  ASSERT_TRUE(sql) << sql.error().message;
  EXPECT_EQ(Names(*sql), GetParam().names);
}

INSTANTIATE_TEST_SUITE_P(
    Grammar, Scanning,
    testing::Values(Case{"select 1", {}}, Case{"select :a", {"a"}}, Case{"select :a,:b_2 , :a", {"a", "b_2", "a"}},
                    Case{"select :a::int, x::text", {"a"}}, Case{"select ':no', 'it''s :no', :a", {"a"}},
                    Case{R"(select E'\':no', e'\\', :a)", {"a"}}, Case{R"(select '\', :a, ' ')", {"a"}},
                    Case{"select \":no\", \"a\"\":no\", :a", {"a"}},
                    Case{"select $$:no$$, $t$:no $$ :no$t$, :a", {"a"}}, Case{"select a$b$, :x, c$b$", {"x"}},
                    Case{"select 1 -- :no\n, :a", {"a"}}, Case{"select /* :no /* :no */ :no */ :a", {"a"}},
                    Case{"select /* :no /* :no */ :a", {"a"}, SqlDialect::kSqlite},
                    Case{"select [a :no], `b:no`, :a", {"a"}, SqlDialect::kSqlite},
                    Case{"select a[1:n], a[x:y], a[b.c:d]", {}},
                    Case{"select a[:lo::int : :hi], :z", {"lo", "hi", "z"}}, Case{"select a[:n]", {"n"}},
                    Case{"select array[:x, :y], array[[:z]]", {"x", "y", "z"}},
                    Case{"select a[f(1):n], a[b[1]:n], a['1':n]", {}}, Case{"select f(x := :a, y => :b)", {"a", "b"}},
                    Case{"select x ?| array[:a], y ? 'k', z @> :b", {"a", "b"}},
                    Case{"select U&':no', B'01', X'1F', :a", {"a"}}, Case{"select 1 where a=:a and b=:b;", {"a", "b"}},
                    Case{"select :a ; -- done :no\n /* :no */", {"a"}}, Case{"select 1 : 2", {}},
                    Case{"select 'ä' || :a || ü", {"a"}}, Case{"select case when x then :a end", {"a"}},
                    Case{"select array[case WHEN b then :x else :y end, p or :z]", {"x", "y", "z"}},
                    Case{"select a[x.then:n], a[\"then\":n], a[ends:n], a[(x):n]", {}},
                    Case{"select array[(select x from t limit :a)], a[f(x order by :b):n]", {"a", "b"}},
                    Case{"select E'a'\n  '\\':no', :a", {"a"}}, Case{"select E'a' '\\', :a, ' '", {"a"}},
                    Case{"select 'a'\n '\\', :a, ' '", {"a"}}, Case{"select 1 -- :no\r, :a", {"a"}},
                    Case{"select 1 -- :no\r, :no\n, :a", {"a"}, SqlDialect::kSqlite},
                    Case{"select a[x:1], b @> :a, c @ :b", {"a", "b"}}));

struct Fault {
  const char* sql;
  std::size_t offset;
  const char* says;
  SqlDialect dialect = SqlDialect::kPostgres;
};

class Refusing : public testing::TestWithParam<Fault> {};

TEST_P(Refusing, SaysWhereAndWhat) {
  const auto sql = ParseSqlTemplate(GetParam().sql, GetParam().dialect);
  ASSERT_FALSE(sql);
  EXPECT_EQ(sql.error().offset, GetParam().offset);
  EXPECT_NE(sql.error().message.find(GetParam().says), std::string::npos) << sql.error().message;
}

INSTANTIATE_TEST_SUITE_P(Grammar, Refusing,
                         testing::Values(Fault{"select 'a", 7, "string is not closed"},
                                         Fault{"select \"a", 7, "name is not closed"},
                                         Fault{"select /* a", 7, "comment is not closed"},
                                         Fault{"select $x$ a", 7, "$x$ is not closed"}, Fault{"select $1", 7, ":name"},
                                         Fault{"select 1; select 2", 10, "second statement"},
                                         Fault{"select ?1", 7, ":name", SqlDialect::kSqlite},
                                         Fault{"select @a", 7, ":name", SqlDialect::kSqlite},
                                         Fault{"select :1", 7, "begins with a letter", SqlDialect::kSqlite},
                                         Fault{"", 0, "no statement"}, Fault{" -- select 1\n ;", 0, "no statement"},
                                         Fault{"select [a", 7, "name is not closed", SqlDialect::kSqlite}));

// A text out of pieces whose parameters are known.
struct Piece {
  std::string text;
  std::vector<std::string> names;
};

rc::Gen<Piece> PieceGen() {
  return rc::gen::elementOf(std::vector<Piece>{
      {":alpha", {"alpha"}},
      {":b2", {"b2"}},
      {":alpha::int", {"alpha"}},
      {"array[:x, :y]", {"x", "y"}},
      {"arr[:lo : :hi]", {"lo", "hi"}},
      {"arr[1:n]", {}},
      {"'text :no'", {}},
      {"'it''s :no'", {}},
      {"E'\\':no'", {}},
      {"\"name :no\"", {}},
      {"$$ :no ' $$", {}},
      {"$q$ :no $$ $q$", {}},
      {"/* :no ' /* \" */ */", {}},
      {"-- :no '\n", {}},
      {"x::numeric(10,2)", {}},
      {"f(a := 1)", {}},
      {"<> 1.5e3", {}},
      {"->> 'k' ? 'j'", {}},
      {"ünï", {}},
  });
}

RC_GTEST_PROP(Scanner, FindsTheParametersOfAnyMixture, ()) {
  const auto pieces = *rc::gen::container<std::vector<Piece>>(PieceGen());
  std::string text = "select ";
  std::vector<std::string> names;
  for (const Piece& piece : pieces) {
    text += piece.text + " , ";
    names.insert(names.end(), piece.names.begin(), piece.names.end());
  }
  const auto sql = ParseSqlTemplate(text, SqlDialect::kPostgres);
  RC_ASSERT(sql.has_value());
  RC_ASSERT(Names(*sql) == names);
  RC_ASSERT(Joined(*sql) == text);
  for (const TemplateParam& param : sql->params) {
    RC_ASSERT(std::string_view(text).substr(param.offset).starts_with(":" + param.name));
  }
}

RC_GTEST_PROP(Scanner, ReadsAnyBytesToTheEnd, (const std::string& text)) {
  for (const SqlDialect dialect : {SqlDialect::kPostgres, SqlDialect::kSqlite}) {
    const auto sql = ParseSqlTemplate(text, dialect);
    if (sql) {
      RC_ASSERT(sql->text.size() == sql->params.size() + 1);
      RC_ASSERT(text.starts_with(Joined(*sql)));
    } else {
      RC_ASSERT(sql.error().offset <= text.size());
    }
  }
}

}  // namespace
}  // namespace kck
