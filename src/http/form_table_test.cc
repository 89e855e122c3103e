#include "http/form_table.h"

#include <gtest/gtest.h>

#include "testing/entries.h"

namespace kck {
namespace {

constexpr auto kBrotli = ContentCoding::kBrotli;
constexpr auto kGzip = ContentCoding::kGzip;

CodingList Wanted(std::initializer_list<ContentCoding> codings) {
  CodingList list;
  for (const ContentCoding coding : codings) list.Add(coding);
  return list;
}

EntryPtr FormOf(std::size_t bytes) { return MakeEntry("form", std::string(bytes, 'x'), {1, 1, 0}); }

class FormTableTest : public testing::Test {
 protected:
  FormTable table_{std::size_t{1} << 20U};
  const EntryPtr entry_ = MakeEntry("item/1", "[1]", {1, 7, 0});
  const CodingList wanted_ = Wanted({kBrotli, kGzip});
};

TEST_F(FormTableTest, OneIsToldToMakeAForm) {
  EXPECT_TRUE(table_.Find(*entry_, wanted_).to_make);
  EXPECT_FALSE(table_.Find(*entry_, wanted_).to_make);
  EXPECT_TRUE(table_.Find(*entry_, Wanted({kGzip})).to_make) << "another one";
  table_.GiveUp(*entry_, kBrotli);
  EXPECT_TRUE(table_.Find(*entry_, wanted_).to_make);
}

TEST_F(FormTableTest, WhatIsThereIsFoundUntilABetterOneIs) {
  table_.Find(*entry_, Wanted({kGzip}));
  table_.Keep(*entry_, kGzip, FormOf(10));
  const FormTable::Found second = table_.Find(*entry_, wanted_);
  EXPECT_EQ(second.coding, kGzip);
  EXPECT_TRUE(second.to_make) << "the better one";
  table_.Keep(*entry_, kBrotli, FormOf(9));
  const FormTable::Found best = table_.Find(*entry_, wanted_);
  EXPECT_EQ(best.coding, kBrotli);
  EXPECT_EQ(best.form->value().size(), 9U);
  EXPECT_FALSE(best.to_make);
}

TEST_F(FormTableTest, AnotherContentHasNoneOfTheOldForms) {
  table_.Find(*entry_, wanted_);
  const EntryPtr newer = MakeEntry("item/1", "[2]", {1, 8, 0});
  EXPECT_TRUE(table_.Find(*newer, wanted_).to_make);
  table_.Keep(*entry_, kBrotli, FormOf(10));
  EXPECT_FALSE(table_.Find(*newer, wanted_).form) << "it came too late";
  const FormTable::Found old = table_.Find(*entry_, wanted_);
  EXPECT_FALSE(old.form || old.to_make) << "who still has the older one does not push out the newer";
  const auto by_another_definition = [](EntryFacts& facts) { facts.fingerprint = 9; };
  const EntryPtr other = MakeEntry("item/1", "[2]", {1, 8, 0}, by_another_definition);
  EXPECT_TRUE(table_.Find(*other, wanted_).to_make);
}

TEST_F(FormTableTest, ARenewalHasTheFormsOfItsContent) {
  table_.Find(*entry_, wanted_);
  table_.Keep(*entry_, kBrotli, FormOf(10));
  EntryFacts facts = entry_->facts();
  facts.version.number += 5;
  EXPECT_TRUE(table_.Find(*Entry::MakeRenewal(entry_, facts), wanted_).form);
}

TEST_F(FormTableTest, WhatDoesNotPayIsNotTriedAgain) {
  table_.Find(*entry_, wanted_);
  table_.KeepNone(*entry_);
  EXPECT_FALSE(table_.Find(*entry_, wanted_).to_make);
  EXPECT_FALSE(table_.Find(*entry_, Wanted({kGzip})).to_make);
}

TEST_F(FormTableTest, StaysWithinItsBudget) {
  constexpr std::size_t kFormBytes = 20000;
  for (int i = 0; i < 500; ++i) {
    const EntryPtr entry = MakeEntry("item/" + std::to_string(i), "[1]", {1, 7, 0});
    table_.Find(*entry, wanted_);
    table_.Keep(*entry, kBrotli, FormOf(kFormBytes));
    EXPECT_LE(table_.bytes(), std::size_t{1} << 20U);
    EXPECT_TRUE(table_.Find(*entry, wanted_).form) << "the last one stays";
  }
  EXPECT_GT(table_.bytes(), std::size_t{1} << 19U);
  EXPECT_GT(table_.evictions(), 400U);
}

}  // namespace
}  // namespace kck
