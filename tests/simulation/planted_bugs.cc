#include "simulation/planted_bugs.h"

namespace kck {

SeedsResult FindBug(Bug bug, const SeedsRun& run) {
  planted_bug = bug;
  SeedsResult result = RunSeeds(run);
  planted_bug = Bug::kNone;
  return result;
}

std::string StoryWithBug(Bug bug, const SimulationRun& run, std::uint64_t seed) {
  planted_bug = bug;
  std::string story = StoryOf(run, seed);
  planted_bug = Bug::kNone;
  return story;
}

}  // namespace kck
