#include "hot/eviction.h"

#include <gtest/gtest.h>

#include <array>

namespace kck {
namespace {

TEST(Eviction, NamesNothingWhereNothingIsIn) { EXPECT_EQ(Eviction().Victim(), nullptr); }

TEST(Eviction, TakesTheOldestThatWasNotUsed) {
  std::array<EvictionLinks, 3> items;
  Eviction eviction;
  for (auto& item : items) eviction.Added(item);
  eviction.Used(items[0]);
  EXPECT_EQ(eviction.Victim(), &items[1]);
}

TEST(Eviction, AUseSavesAnItemOnce) {
  std::array<EvictionLinks, 2> items;
  Eviction eviction;
  for (auto& item : items) {
    eviction.Added(item);
    eviction.Used(item);
  }
  EXPECT_EQ(eviction.Victim(), &items[0]) << "all were used: the hand came round, and none had been used since";
}

TEST(Eviction, TheHandGoesOnFromWhereItStood) {
  std::array<EvictionLinks, 4> items;
  Eviction eviction;
  for (auto& item : items) eviction.Added(item);
  eviction.Used(items[0]);
  eviction.Removed(*eviction.Victim());  // items[1]; the hand stands at items[2]
  EXPECT_EQ(eviction.Victim(), &items[2]) << "not items[0], which has lost its bit but lies behind the hand";
}

TEST(Eviction, ForgetsWhatIsRemovedFromAnyPlace) {
  std::array<EvictionLinks, 3> items;
  Eviction eviction;
  for (auto& item : items) eviction.Added(item);
  eviction.Removed(items[1]);
  eviction.Removed(items[0]);
  EXPECT_EQ(eviction.Victim(), &items[2]);
  eviction.Removed(items[2]);
  EXPECT_EQ(eviction.Victim(), nullptr);
}

}  // namespace
}  // namespace kck
