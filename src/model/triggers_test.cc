// Which keys are due after a prime or a write.
#include "model/triggers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/product_key.h"
#include "testing/folder_fixture.h"

namespace kck {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TriggersTest : public FolderFixture {
 protected:
  // The keys of `item`, which has the parameters id (int) and tag (nullable), that are due after `item` names `trigger`
  // in after_primes and the key of `other`, which has the same parameters, is primed. "*" stands for all.
  std::vector<std::string> Due(const std::string& trigger, const std::string& primed) {
    const std::string params = "parameters: [{name: id, type: int}, {name: tag, nullable: true}]\n";
    const std::string query = "query: {template: \"select :id, :tag\"}\n";
    Write("products/other.yml", params + query);
    Write("products/item.yml", params + query + "refresh: {after_primes: [\"" + trigger + "\"]}\n");
    const Catalog catalog(LoadSound().products);
    const std::vector<ParamValue> values = ResolveKey(catalog, primed)->params;
    std::vector<std::string> due;
    for (const Dependent& dependent : catalog.DependentsOfPrime("other")) {
      if (!Fires(dependent.trigger, values)) continue;
      const auto key = dependent.trigger.whole ? std::nullopt : DueKey(dependent, values);
      due.push_back(key ? key->text : "*");
    }
    return due;
  }
};

TEST_F(TriggersTest, AParameterTakesTheValue) {
  EXPECT_THAT(Due("other/:id/:tag", "other/007/a%2Fb"), ElementsAre("item/7/a%2Fb"));
  EXPECT_THAT(Due("other/:id/:tag", "other/7/%00"), ElementsAre("item/7/%00"));
}

TEST_F(TriggersTest, ALiteralFiresForItsValue) {
  EXPECT_THAT(Due("other/07/:tag", "other/7/a"), ElementsAre("*")) << "in any spelling; of the id nothing is known";
  EXPECT_THAT(Due("other/8/:tag", "other/7/a"), IsEmpty());
  EXPECT_THAT(Due("other/:id/%2A", "other/7/*"), ElementsAre("*"));
  EXPECT_THAT(Due("other/:id/%2A", "other/7/a"), IsEmpty());
  EXPECT_THAT(Due("other/*/%00", "other/7/%00"), ElementsAre("*"));
  EXPECT_THAT(Due("other/*/%00", "other/7/"), IsEmpty()) << "NULL is not the empty string";
}

TEST_F(TriggersTest, WhatIsNotNamedIsDueWhole) {
  EXPECT_THAT(Due("other/:id/*", "other/7/a"), ElementsAre("*"));
  EXPECT_THAT(Due("other", "other/7/a"), ElementsAre("*"));
}

}  // namespace
}  // namespace kck
