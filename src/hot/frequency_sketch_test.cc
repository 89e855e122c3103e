#include "hot/frequency_sketch.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace kck {
namespace {

std::uint32_t HashOf(std::uint32_t key) { return key * 2654435761U; }

TEST(FrequencySketch, KnowsNothingAtFirst) { EXPECT_EQ(FrequencySketch().Count(HashOf(1)), 0); }

TEST(FrequencySketch, KeepsTheHighestCountAndHalvesIt) {
  FrequencySketch sketch;
  sketch.Raise(HashOf(1), 9);
  sketch.Raise(HashOf(1), 3);
  EXPECT_EQ(sketch.Count(HashOf(1)), 9);
  sketch.Raise(HashOf(2), FrequencySketch::kCountMax);
  sketch.Halve();
  EXPECT_EQ(sketch.Count(HashOf(1)), 4);
  EXPECT_EQ(sketch.Count(HashOf(2)), 7);
}

TEST(FrequencySketch, SeldomTakesOneKeyForAnother) {
  FrequencySketch sketch;
  sketch.Fit(1000);
  for (std::uint32_t key = 0; key < 1000; ++key) sketch.Raise(HashOf(key), 5);
  int mistaken = 0;
  for (std::uint32_t key = 1000; key < 11000; ++key) mistaken += sketch.Count(HashOf(key)) != 0 ? 1 : 0;
  EXPECT_LT(mistaken, 1500) << "of 10000: four counters of eight an item are all taken in about (1 - e^-0.5)^4 of them";
}

RC_GTEST_PROP(FrequencySketch, IsNeverTooLow, (const std::vector<std::pair<std::uint16_t, std::uint8_t>>& raises)) {
  FrequencySketch sketch;
  std::map<std::uint16_t, std::uint8_t> counts;
  for (const auto& [key, count] : raises) {
    const std::uint8_t capped = count % (FrequencySketch::kCountMax + 1);
    sketch.Fit(counts.size());
    sketch.Raise(HashOf(key), capped);
    counts[key] = std::max(counts[key], capped);
  }
  for (const auto& [key, count] : counts) RC_ASSERT(sketch.Count(HashOf(key)) >= count);
}

}  // namespace
}  // namespace kck
