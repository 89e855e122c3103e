// What definitions say of each other: sources, domains, chains.
#include "model/trigger_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/chain_check.h"
#include "testing/folder_fixture.h"

namespace kck {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TriggerCheckTest : public FolderFixture {
 protected:
  // A product `name/id` with a refresh block on line 3.
  void WriteProduct(const std::string& name, const std::string& refresh) {
    Write("products/" + name + ".yml",
          "parameters: [{name: id, type: int}]\nquery: {template: \"select :id\"}\nrefresh: {" + refresh + "}\n");
  }

  std::string FaultOf(const std::string& refresh) {
    WriteProduct("p", refresh);
    const auto texts = FaultTexts();
    return texts.size() == 1 ? texts[0] : testing::PrintToString(texts);
  }
};

TEST_F(TriggerCheckTest, ASourceIsThereAndFits) {
  WriteProduct("item", "");
  EXPECT_EQ(FaultOf("after_primes: [itme/:id]"),
            "products/p.yml:3:26: error: there is no product \"itme\" (did you mean \"item\"?)");
  EXPECT_EQ(FaultOf("after_primes: [something/:id]"),
            "products/p.yml:3:26: error: there is no product \"something\" (known here: item, p)");
  EXPECT_EQ(FaultOf("after_primes: [item/:id/:id]"),
            "products/p.yml:3:26: error: item/:id/:id has 2 parts behind its name where item takes 1 (its keys are "
            "item/id)");
  EXPECT_EQ(FaultOf("after_primes: [item/:tag]"),
            "products/p.yml:3:26: error: product p has no parameter \"tag\"; * stands for any value (its keys are "
            "item/id)");
  EXPECT_EQ(FaultOf("after_primes: [item/x]"),
            "products/p.yml:3:26: error: \"x\": an int is a whole number of 64 bits, as 42 or -7 (its keys are "
            "item/id)");
  EXPECT_EQ(FaultOf("after_primes: [item/%00]"),
            "products/p.yml:3:26: error: %00 is NULL, and id is not nullable (its keys are item/id)");
  EXPECT_THAT(FaultOf("after_primes: [\"\"]"), HasSubstr("p.yml:3:26: error: there is no product \"\""));
}

TEST_F(TriggerCheckTest, AnUpdaterIsThereAndFits) {
  EXPECT_EQ(FaultOf("after_updates: [item]"), "products/p.yml:3:27: error: there is no updater \"item\"");
  Write("updaters/item.yml",
        "parameters: [{name: id, type: int, primary_key: true}, {name: name}]\n"
        "query: {template: {update: \"update item set name = :name where id = :id\"}}\n");
  Write("updaters/clear.yml", "query: {template: {delete: delete from item}}\n");
  EXPECT_EQ(FaultOf("after_updates: [itm/:id]"),
            "products/p.yml:3:27: error: there is no updater \"itm\" (did you mean \"item\"?)");
  EXPECT_EQ(FaultOf("after_updates: [item/:id/*]"),
            "products/p.yml:3:27: error: item/:id/* has 2 parts behind its name where item takes 1 (the parts are its "
            "primary key: item/id)");
  EXPECT_EQ(FaultOf("after_updates: [clear/:id]"),
            "products/p.yml:3:27: error: clear/:id has 1 part behind its name where clear takes 0 (it has no "
            "primary_key, so write clear alone)");
  EXPECT_THAT(FaultOf("after_updates: [clear, item/:id]"), HasSubstr("{}")) << "no fault";
}

TEST_F(TriggerCheckTest, ADomainIsOneKeyOfAnotherProduct) {
  Write("products/ids.yml", "parameters: [{name: shop}]\nquery: {template: \"select :shop\"}\n");
  EXPECT_EQ(FaultOf("domain_key: p/1"),
            "products/p.yml:3:23: error: the domain of p is p itself (name a product whose value lists the parameters "
            "of its keys)");
  EXPECT_EQ(FaultOf("domain_key: idz/a"),
            "products/p.yml:3:23: error: there is no product \"idz\" (did you mean \"ids\"?)");
  EXPECT_EQ(FaultOf("domain_key: ids"),
            "products/p.yml:3:23: error: ids takes 1 parameter (ids/shop), and the key has 0");
  EXPECT_EQ(
      FaultOf("domain_key: \"ids/:id\""),
      "products/p.yml:3:23: error: domain_key is one key, and \":id\" is no value in it (write the value; %3A and "
      "%2A stand for a colon and a star that are part of it)");
  EXPECT_THAT(FaultOf("domain_key: ids/*"), HasSubstr("domain_key is one key, and \"*\" is no value in it"));
  EXPECT_THAT(FaultOf("domain_key: ids/%3A"), HasSubstr("{}")) << "no fault";
}

TEST_F(TriggerCheckTest, AProcessNamesAProductWithADomain) {
  Write("products/ids.yml", "query: {template: select 1}\n");
  WriteProduct("item", "domain_key: ids");
  auto fault = [this](const std::string& domain) {
    return FolderFixture::FaultOf("processes/p.yml", "every: 1h\ndomain: " + domain + "\n");
  };
  EXPECT_EQ(fault("itme"), "processes/p.yml:2:9: error: there is no product \"itme\" (did you mean \"item\"?)");
  EXPECT_EQ(fault("ids"),
            "processes/p.yml:2:9: error: product ids has no domain_key, so its keys are not known (add refresh: "
            "{domain_key: …} to the product)");
  EXPECT_THAT(fault("item"), HasSubstr("{}")) << "no fault";
}

TEST_F(TriggerCheckTest, WhatHasAFaultOfItsOwnIsNotCalledMissing) {
  Write("products/broken.yml", "query: {template: \"select :x\"}\n");
  Write("products/other.yml", "name: named\nquery: {template: select 1}\nx: 1\n");
  Write("products/top.sql", "-- y: 1\nselect 1\n");
  Write("products/text.yml", "query: [\n");
  Write("updaters/writes.yml", "x: 1\nquery: {template: {insert: insert into t values (1)}}\n");
  Write("processes/p.yml", "every: 1h\ndomain: broken\n");
  WriteProduct("p", "after_primes: [broken, named, top, text], after_updates: [writes], domain_key: named");
  EXPECT_THAT(FaultTexts(), ElementsAre(HasSubstr("broken.yml:1:27"), HasSubstr("other.yml:3:1"), HasSubstr("text.yml"),
                                        HasSubstr("top.sql:1:4"), HasSubstr("writes.yml:1:1")));
}

TEST_F(TriggerCheckTest, WhatIsOfAFaultyDatabaseIsNotCalledMissing) {
  Write("kck.yml", "databases: {main: {url: \"postgresql://h/d\"}, bad: {url: mysql://x}}\n");
  Write("products/ids.yml", "database: bad\nquery: {template: select 1}\n");
  Write("updaters/item.yml", "database: bad\nquery: {template: {delete: delete from item}}\n");
  Write("products/p.yml",
        "database: main\nparameters: [{name: id}]\nquery: {template: \"select :id\"}\n"
        "refresh: {after_primes: ids, after_updates: item, domain_key: ids}\n");
  EXPECT_THAT(FaultTexts(), ElementsAre(HasSubstr("the url of database bad is of no known kind")));
}

TEST_F(TriggerCheckTest, AChainDoesNotLeadBack) {
  WriteProduct("a", "after_primes: [c/:id]");
  WriteProduct("b", "after_primes: [a/:id, \"a/*\"]");
  WriteProduct("c", "after_primes: [b/:id]");
  WriteProduct("d", "after_primes: [c/:id]");
  EXPECT_THAT(FaultTexts(), ElementsAre("products/a.yml:3:26: error: the refresh of a leads back to it: a -> b -> c -> "
                                        "a (take one of these after_primes or domain_key out)"));
  WriteProduct("c", "after_primes: [c/1, b/:id]");
  EXPECT_THAT(FaultTexts(), ElementsAre(HasSubstr("a -> b -> c -> a"), HasSubstr("c.yml:3:26: error: the refresh of c "
                                                                                 "leads back to it: c -> c")));
}

TEST_F(TriggerCheckTest, ADomainIsAStepOfAChain) {
  Write("products/ids.yml", "query: {template: select 1}\nrefresh: {after_primes: [item]}\n");
  WriteProduct("item", "domain_key: ids");
  EXPECT_THAT(FaultTexts(),
              ElementsAre("products/ids.yml:2:26: error: the refresh of ids leads back to it: ids -> item -> ids (take "
                          "one of these after_primes or domain_key out)"));
}

TEST_F(TriggerCheckTest, AChainHasABound) {
  const auto name = [](std::size_t i) { return fmt::format("p{:02}", i); };
  WriteProduct(name(0), "");
  for (std::size_t i = 1; i <= kChainMax; ++i) WriteProduct(name(i), "after_primes: [" + name(i - 1) + "/:id]");
  EXPECT_THAT(FaultTexts(), IsEmpty());
  WriteProduct("p17", "after_primes: [p16/:id, p00/:id]");
  WriteProduct("p18", "after_primes: [p17/:id]");
  EXPECT_THAT(
      FaultTexts(),
      ElementsAre(testing::AllOf(
          HasSubstr("products/p17.yml:3:26: error: the refresh of p00 leads to p17 after 17 steps, and 16 are the "
                    "most: p00 -> p01 -> p02"),
          HasSubstr("p16 -> p17 (name an earlier product of the chain in after_primes)"))));
}

}  // namespace
}  // namespace kck
