#include "source/pg_statement.h"

#include <gtest/gtest.h>

#include "source/pg_types.h"
#include "testing/statements.h"

namespace kck {
namespace {

const std::vector<Param> kParams = {{"id", ParamType::kInt}, {"nom", ParamType::kString}, {"unused", ParamType::kBool}};

TEST(PgStatement, GivesANameOneNumberHoweverOftenItStands) {
  const auto statement = MakeStatement("select :nom where a = :id::int4 or b like:nom", kParams);
  EXPECT_EQ(PgNumberedTemplate(*statement), "select  $2 where a =  $1::int4 or b like $2");
}

TEST(PgStatement, TypesParametersAsDeclaredOrAsLiterals) {
  const auto statement = MakeStatement("select :id, :nom", kParams);
  EXPECT_EQ(PgParamTypes(*statement, PgTyping::kDeclared), (std::vector<Oid>{kPgInt8, kPgText, kPgBool}));
  EXPECT_EQ(PgParamTypes(*statement, PgTyping::kAsLiterals), (std::vector<Oid>{kPgInt4, kPgInferred, kPgBool}));
}

TEST(PgStatement, NeverAsksToInferAnUnusedParameter) {
  const auto statement = MakeStatement("select 1", {{"nom", ParamType::kString}});
  EXPECT_EQ(PgParamTypes(*statement, PgTyping::kAsLiterals), (std::vector<Oid>{kPgText}));
}

// The place in the author's text of the first `marker` in the numbered template.
std::string PlaceOf(const SqlStatement& statement, std::string_view marker) {
  const std::string numbered = PgNumberedTemplate(statement);
  int position = 1;
  for (const char c : std::string_view(numbered).substr(0, numbered.find(marker))) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++position;
  }
  const TemplatePlace place = PgPlaceInTemplate(statement, position);
  return std::to_string(place.line) + ":" + std::to_string(place.column);
}

TEST(PgStatement, FindsPlacesOfTheAuthorsText) {
  const auto statement =
      MakeStatement("select 'é', first\nfrom t where a = :nom and\n  b = :id or 'ü' = last", kParams);
  EXPECT_EQ(PlaceOf(*statement, "select"), "1:1");
  EXPECT_EQ(PlaceOf(*statement, "first"), "1:13");
  EXPECT_EQ(PlaceOf(*statement, "from"), "2:1");
  EXPECT_EQ(PlaceOf(*statement, "$2"), "2:18");
  EXPECT_EQ(PlaceOf(*statement, "and"), "2:23");
  EXPECT_EQ(PlaceOf(*statement, "last"), "3:20");
}

TEST(PgStatement, PlacesPastTheEndAreTheEnd) {
  const auto statement = MakeStatement("select\n1", kParams);
  const TemplatePlace place = PgPlaceInTemplate(*statement, 99);
  EXPECT_EQ(place.line, 2);
  EXPECT_EQ(place.column, 2);
}

}  // namespace
}  // namespace kck
