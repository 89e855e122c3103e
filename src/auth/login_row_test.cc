#include "auth/login_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kck {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string Text(std::string_view value, LoginForm form = LoginForm::kHash) {
  const Result<LoginRow> row = ReadLoginRow(value, form);
  return row ? row->subject + " " + row->password_hash : row.error().message;
}

TEST(LoginRow, IsTheFirstRowOrTheValueItself) {
  EXPECT_EQ(Text(R"([[7,"hash"],[8,"other"]])"), "7 hash");
  EXPECT_EQ(Text(R"([7,"hash"])"), "7 hash");
  EXPECT_EQ(Text(R"(["ann","hash"])"), "ann hash");
  EXPECT_EQ(Text(R"([{"id":7,"password_hash":"hash"}])"), "7 hash");
  EXPECT_EQ(Text(R"({"password_hash":"hash","id":"ann"})"), "ann hash");
  EXPECT_EQ(Text("[[7,null]]"), "7 ");
}

TEST(LoginRow, HasWhatTheTokenSaysMore) {
  const auto row =
      ReadLoginRow(R"([{"id":7,"password_hash":"h","tenant":"acme","roles":["a","b"]}])", LoginForm::kHash);
  ASSERT_TRUE(row);
  EXPECT_THAT(row->claims, ElementsAre(Pair("tenant", R"("acme")"), Pair("roles", R"(["a","b"])")));
}

TEST(LoginRow, HasTheIdAloneWhereTheKeyHasTheHash) {
  EXPECT_EQ(Text("7", LoginForm::kKey06), "7 ");
  EXPECT_EQ(Text(R"("ann")", LoginForm::kKey06), "ann ");
  EXPECT_EQ(Text("[[7]]", LoginForm::kKey06), "7 ");
  EXPECT_EQ(Text(R"([{"id":7}])", LoginForm::kKey06), "7 ");
}

TEST(LoginRow, SaysWhatIsWrongWithTheProduct) {
  EXPECT_THAT(Text("7"), HasSubstr("no row"));
  EXPECT_THAT(Text("[]"), HasSubstr("empty list"));
  EXPECT_THAT(Text("[[7]]"), HasSubstr("the id and the hash"));
  EXPECT_THAT(Text(R"([[7,"hash","more"]])"), HasSubstr("the id and the hash"));
  EXPECT_THAT(Text(R"([[7,8]])"), HasSubstr("is a text"));
  EXPECT_THAT(Text(R"([[1.5,"hash"]])"), HasSubstr("whole number"));
  EXPECT_THAT(Text(R"([{"id":7}])"), HasSubstr("id and password_hash"));
  EXPECT_THAT(Text(R"([{"password_hash":"h"}])"), HasSubstr("id and password_hash"));
  EXPECT_THAT(Text(R"([{"id":7,"password_hash":"h","exp":1}])"), HasSubstr("called exp"));
  EXPECT_THAT(Text("{"), HasSubstr("no JSON"));
  EXPECT_THAT(Text("[[[7]]]"), HasSubstr("the id and the hash"));
  EXPECT_THAT(Text("[[7,8]]", LoginForm::kKey06), HasSubstr("id alone"));
}

}  // namespace
}  // namespace kck
