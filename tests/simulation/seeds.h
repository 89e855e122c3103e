// Many seeds, on as many threads as there are cores.
#pragma once

#include <cstdint>
#include <optional>

#include "simulation/simulation.h"

namespace kck {

struct SeedsRun {
  std::uint64_t seeds = 1000;
  SimulationRun first;  // the others differ in their seed alone
};

struct SeedsResult {
  std::uint64_t seeds = 0;  // that were run
  std::uint64_t steps = 0;
  std::uint64_t kills = 0;
  std::optional<std::uint64_t> failed;  // the lowest seed whose run broke something; those after it may not have run
};

// How many of them find each bug of base/planted_bug.h, at most.
inline constexpr std::uint64_t kSeedsToFindABug = 5000;

SeedsResult RunSeeds(const SeedsRun& run);

// What happened in a seed that failed, and how it is run again.
std::string StoryOf(SimulationRun run, std::uint64_t seed);

}  // namespace kck
