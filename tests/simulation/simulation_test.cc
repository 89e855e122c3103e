#include <gtest/gtest.h>

#include "base/log.h"
#include "simulation/seeds.h"

namespace kck {
namespace {

class SimulationTest : public testing::Test {
 protected:
  SimulationTest() { SetLogLevel(LogLevel::kError); }
  ~SimulationTest() override { SetLogLevel(LogLevel::kInfo); }
};

TEST_F(SimulationTest, AThousandSeedsHold) {
  const SeedsRun run;
  const SeedsResult result = RunSeeds(run);
  EXPECT_FALSE(result.failed) << StoryOf(run.first, *result.failed);
  EXPECT_GE(result.steps, 1000000U);
  EXPECT_GE(result.kills, 1000U);
  std::cout << result.seeds << " seeds, " << result.steps << " steps, " << result.kills << " kills\n";
}

// Beside those among the thousand.
TEST_F(SimulationTest, NodesThatShareAStoreHold) {
  SeedsRun run;
  run.seeds = 250;
  for (const std::uint64_t nodes : {2, 3}) {
    run.first.nodes = nodes;
    const SeedsResult result = RunSeeds(run);
    EXPECT_FALSE(result.failed) << StoryOf(run.first, *result.failed);
    EXPECT_GE(result.kills, 250U);
    std::cout << nodes << " nodes: " << result.steps << " steps, " << result.kills << " kills\n";
  }
}

TEST_F(SimulationTest, ASeedIsTheSameRunEachTime) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const SimulationResult once = Simulate({seed});
    const SimulationResult again = Simulate({seed}, true);
    EXPECT_EQ(once.steps, again.steps);
    EXPECT_EQ(once.kills, again.kills);
    EXPECT_EQ(once.ended_ms, again.ended_ms);
  }
}

}  // namespace
}  // namespace kck
