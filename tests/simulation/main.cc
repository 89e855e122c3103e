// Runs seeds of the simulation; of the first that fails it prints the story. tests/simulation/run builds and starts it.
#include <CLI/CLI.hpp>
#include <iostream>

#include "base/log.h"
#include "base/planted_bug.h"
#include "simulation/seeds.h"

namespace {

int Run(const kck::SeedsRun& run) {
  const kck::SeedsResult result = kck::RunSeeds(run);
  std::cout << result.seeds << " seeds, " << result.steps << " steps, " << result.kills << " kills\n";
  if (result.failed) std::cout << kck::StoryOf(*result.failed, run.steps);
  std::cout << result.seeds - (result.failed ? 1 : 0) << " passed, " << (result.failed ? 1 : 0) << " failed\n";
  return result.failed ? 1 : 0;
}

#ifdef KCK_PLANTED_BUGS
// How many seeds it takes to find each bug.
int FindBugs(const kck::SeedsRun& run, const std::string& only) {
  int missed = 0;
  int found = 0;
  for (const kck::BugName& bug : kck::kBugs) {
    if (!only.empty() && only != bug.name) continue;
    kck::planted_bug = bug.bug;
    const kck::SeedsResult result = kck::RunSeeds(run);
    const std::string took = result.failed ? std::to_string(*result.failed - run.first + 1) : "not found";
    std::cout << fmt::format("{:<28} {:>9}  {}", bug.name, took, bug.breaks) << std::endl;
    if (!only.empty() && result.failed) std::cout << kck::StoryOf(*result.failed, run.steps);
    ++(result.failed ? found : missed);
  }
  std::cout << found << " passed, " << missed << " failed\n";
  return missed > 0 ? 1 : 0;
}
#endif

}  // namespace

int main(int argc, char** argv) {
  kck::SeedsRun run;
  CLI::App app("Runs the engine, its refresh queue, its store and its databases under seeds, with faults.");
  app.add_option("--seed", run.first, "the first seed")->take_last();
  app.add_option("--seeds", run.seeds, "how many")->take_last();
  app.add_option("--steps", run.steps, "of each, before it comes to rest")->take_last();
#ifdef KCK_PLANTED_BUGS
  std::string bug;
  app.add_option("--bug", bug, "only this one, with the story that finds it");
#endif
  CLI11_PARSE(app, argc, argv);
  kck::SetLogLevel(kck::LogLevel::kError);
#ifdef KCK_PLANTED_BUGS
  return FindBugs(run, bug);
#else
  return Run(run);
#endif
}
