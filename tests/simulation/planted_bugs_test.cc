#include <gtest/gtest.h>

#include "base/log.h"
#include "base/planted_bug.h"
#include "simulation/seeds.h"

namespace kck {
namespace {

class PlantedBugs : public testing::TestWithParam<BugName> {};

TEST_P(PlantedBugs, AreFound) {
  SetLogLevel(LogLevel::kError);
  SeedsRun run;
  run.seeds = kSeedsToFindABug;
  planted_bug = GetParam().bug;
  const SeedsResult result = RunSeeds(run);
  EXPECT_TRUE(result.failed) << GetParam().breaks << ": not found in " << run.seeds << " seeds";
  std::cout << GetParam().name << ": found by seed " << result.failed.value_or(0) << "\n";
}

std::string NameOf(const testing::TestParamInfo<BugName>& bug) {
  std::string name(bug.param.name);
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Each, PlantedBugs, testing::ValuesIn(kBugs), NameOf);

}  // namespace
}  // namespace kck
