// The simulation of an engine with a bug planted in it.
#pragma once

#include "base/planted_bug.h"
#include "simulation/seeds.h"

namespace kck {

inline constexpr std::uint64_t kSeedsToFindABug = 5000;

// Runs seeds until one finds the bug. Nothing else may run a simulation meanwhile.
SeedsResult FindBug(Bug bug, const SeedsRun& run);

// Of a seed that found it.
std::string StoryWithBug(Bug bug, const SimulationRun& run, std::uint64_t seed);

}  // namespace kck
