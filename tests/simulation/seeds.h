// Many seeds, on as many threads as there are cores.
#pragma once

#include <cstdint>
#include <optional>

#include "simulation/simulation.h"

namespace kck {

struct SeedsRun {
  std::uint64_t first = 1;
  std::uint64_t seeds = 1000;
  std::uint64_t steps = 2000;  // of each, before it comes to rest
};

struct SeedsResult {
  std::uint64_t seeds = 0;  // that were run
  std::uint64_t steps = 0;
  std::uint64_t kills = 0;
  std::optional<std::uint64_t> failed;  // the lowest seed whose run broke something; those after it may not have run
};

SeedsResult RunSeeds(const SeedsRun& run);

// What happened in a seed that failed, and how it is run again.
std::string StoryOf(std::uint64_t seed, std::uint64_t steps);

}  // namespace kck
