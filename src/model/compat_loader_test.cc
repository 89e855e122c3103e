// Folders of KCK 0.6.3: what `compat: "0.6"` reads otherwise, and what else is there for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/folder_fixture.h"

namespace kck {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* kDatabases = "databases: {main: {url: \"sqlite:x.db\"}}\n";
constexpr const char* kCompat = "http: {compat: \"0.6\"}\n";

class CompatLoaderTest : public FolderFixture {
 protected:
  void Settings(const std::string& more) { Write("kck.yml", kDatabases + more); }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const ProductPtr& product : Load().products) names.push_back(product->name);
    return names;
  }
};

TEST_F(CompatLoaderTest, UnknownFieldsAndUnusedParametersAreWarningsUnderCompat) {
  Write("products/p.yml",
        "parameters: [{name: a, kind: 1}, {name: b}]\nquery: {template: \"select :b\"}\naugment_functions: {x: y}\n");
  const std::vector<std::string> strict = FaultTexts();
  ASSERT_EQ(strict.size(), 3U);
  EXPECT_THAT(strict, testing::Contains(testing::HasSubstr(":1:24: error: unknown field \"kind\" in a parameter")));
  EXPECT_THAT(Names(), IsEmpty());
  Settings(kCompat);
  const std::vector<std::string> lenient = FaultTexts();
  ASSERT_EQ(lenient.size(), 3U);
  for (const std::string& text : lenient) EXPECT_THAT(text, testing::HasSubstr(": warning: "));
  EXPECT_THAT(Names(), ElementsAre("p"));
}

TEST_F(CompatLoaderTest, AParameterThatNoSqlUsesIsPartOfTheKeyAndTheStatement) {
  Settings(kCompat);
  Write("products/p.yml", "parameters: [{name: a}, {name: b, type: int}]\nquery: {template: \"select :b\"}\n");
  const ProductPtr product = Load().products.at(0);
  EXPECT_THAT(product->statement->types, ElementsAre(ParamType::kString, ParamType::kInt));
  EXPECT_THAT(product->statement->arguments, ElementsAre(1U));
}

TEST_F(CompatLoaderTest, FoldersBelowAreReadUnderCompat) {
  Write("products/p.yml", "query: {template: select 1}\n");
  Write("products/more/deep/q.yml", "query: {template: select 1}\n");
  Write("products/more/r.sql", "select 1");
  Write("products/more/.s.yml", "query: {template: select 1}\n");
  EXPECT_THAT(Names(), ElementsAre("p"));
  Settings(kCompat);
  EXPECT_THAT(Names(), UnorderedElementsAre("p", "q"));
  const std::uint64_t before = Load().state;
  Write("products/more/deep/q.yml", "query: {template: select 22}\n");
  EXPECT_NE(Load().state, before);
}

TEST_F(CompatLoaderTest, EveryKeyMayBeSetAndDomainsAreWalkedAtTheStart) {
  Write("products/ids.yml", "query: {template: select 1}\n");
  Write("products/p.yml",
        "parameters: [{name: a}]\nquery: {template: \"select :a\"}\nrefresh: {domain_key: ids}\n"
        "settable: false\n");
  EXPECT_FALSE(LoadSound().products.at(0)->settable);
  EXPECT_FALSE(LoadSound().products.at(1)->refresh.on_boot);
  Settings(kCompat);
  const Folder folder = LoadSound();
  EXPECT_TRUE(folder.products.at(0)->settable);
  EXPECT_FALSE(folder.products.at(0)->refresh.on_boot);
  EXPECT_FALSE(folder.products.at(1)->settable);
  EXPECT_TRUE(folder.products.at(1)->refresh.on_boot);
}

TEST_F(CompatLoaderTest, StrIsAString) {
  Write("products/p.yml", "parameters: [{name: a, type: str}]\nquery: {template: \"select :a\"}\n");
  EXPECT_EQ(LoadSound().products.at(0)->params.at(0).type, ParamType::kString);
}

TEST_F(CompatLoaderTest, OnMissOfKckYmlIsForProductsThatSayNone) {
  Settings("on_miss: error\n");
  Write("products/p.yml", "query: {template: select 1}\n");
  Write("products/q.yml", "query: {template: select 1}\non_miss: prime\n");
  Write("products/r.yml", "query: {template: select 1}\nprime_on_cache_miss: true\n");
  const Folder folder = LoadSound();
  EXPECT_EQ(folder.products.at(0)->on_miss, OnMiss::kError);
  EXPECT_EQ(folder.products.at(1)->on_miss, OnMiss::kPrime);
  EXPECT_EQ(folder.products.at(2)->on_miss, OnMiss::kPrime);
}

TEST_F(CompatLoaderTest, AccessOfAuthIsForThoseThatSayNoneButTheProductOfLogins) {
  Settings(
      "auth: {keys: [{algorithm: HS256, secret: \"a secret of 32 bytes or some more\"}], access: user,\n"
      "  auth_user: auth/:email}\n");
  Write("products/auth.yml", "parameters: [{name: email}]\nquery: {template: \"select 1, :email\"}\n");
  Write("products/p.yml", "query: {template: select 1}\n");
  Write("products/q.yml", "query: {template: select 1}\naccess: public\n");
  Write("updaters/u.yml", "query: {template: {insert: insert into t values (1)}}\n");
  const Folder folder = LoadSound();
  EXPECT_EQ(folder.products.at(0)->access.kind, AccessKind::kUnsaid);
  EXPECT_EQ(folder.products.at(1)->access.kind, AccessKind::kUser);
  EXPECT_EQ(folder.products.at(2)->access.kind, AccessKind::kPublic);
  EXPECT_EQ(folder.updaters.at(0)->access.kind, AccessKind::kUser);
}

}  // namespace
}  // namespace kck
