// Runs seeds of the simulation; of the first that fails it prints the story. With --bugs it plants one bug after
// another, and prints how many seeds it took to find each. tests/simulation/run builds and starts it.
#include <CLI/CLI.hpp>
#include <iostream>

#include "base/log.h"
#include "base/planted_bug.h"
#include "simulation/seeds.h"

namespace kck {
namespace {

int Run(const SeedsRun& run) {
  const SeedsResult result = RunSeeds(run);
  std::cout << result.seeds << " seeds, " << result.steps << " steps, " << result.kills << " kills\n";
  if (result.failed) std::cout << StoryOf(run.first, *result.failed);
  std::cout << result.seeds - (result.failed ? 1 : 0) << " passed, " << (result.failed ? 1 : 0) << " failed\n";
  return result.failed ? 1 : 0;
}

int FindBugs(const SeedsRun& run, const std::string& only) {
  int found = 0;
  int missed = 0;
  for (const BugName& bug : kBugs) {
    if (!only.empty() && only != bug.name) continue;
    planted_bug = bug.bug;
    const SeedsResult result = RunSeeds(run);
    const std::string took = result.failed ? std::to_string(*result.failed - run.first.seed + 1) : "not found";
    std::cout << fmt::format("{:<28} {:>9}  {}", bug.name, took, bug.breaks) << std::endl;
    if (!only.empty() && result.failed) std::cout << StoryOf(run.first, *result.failed);
    ++(result.failed ? found : missed);
  }
  std::cout << found << " passed, " << missed << " failed\n";
  return missed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace kck

int main(int argc, char** argv) {
  kck::SeedsRun run;
  std::string bug;
  CLI::App app("Runs the engine, its refresh queue, its store and its databases under seeds, with faults.");
  app.add_option("--seed", run.first.seed, "the first seed");
  auto* seeds = app.add_option("--seeds", run.seeds, "how many; with --bugs, for each at most");
  app.add_option("--steps", run.first.steps, "of each, before it comes to rest");
  app.add_option("--nodes", run.first.nodes, "1, or how many share a store; 0: as many as the seed says");
  bool plants = false;
  auto* bugs = app.add_flag("--bugs", plants, "plant bugs, one at a time, and run seeds until one finds it");
  app.add_option("--bug", bug, "this one alone, with the story of the seed that finds it")->needs(bugs);
  CLI11_PARSE(app, argc, argv);
  kck::SetLogLevel(kck::LogLevel::kError);
  if (!plants) return kck::Run(run);
  if (seeds->count() == 0) run.seeds = kck::kSeedsToFindABug;
  return kck::FindBugs(run, bug);
}
