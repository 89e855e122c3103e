// Plants one bug after another, and prints how many seeds it took to find each. tests/simulation/run --bugs starts it.
#include <CLI/CLI.hpp>
#include <iostream>

#include "base/log.h"
#include "simulation/planted_bugs.h"

int main(int argc, char** argv) {
  kck::SeedsRun run;
  run.seeds = kck::kSeedsToFindABug;
  std::string only;
  CLI::App app("Plants bugs in the engine, one at a time, and runs seeds until one finds it.");
  app.add_option("--seed", run.first.seed, "the first seed");
  app.add_option("--seeds", run.seeds, "how many at most");
  app.add_option("--steps", run.first.steps, "of each, before it comes to rest");
  app.add_option("--bug", only, "this one alone, with the story of the seed that finds it");
  CLI11_PARSE(app, argc, argv);
  kck::SetLogLevel(kck::LogLevel::kError);

  int found = 0;
  int missed = 0;
  for (const kck::BugName& bug : kck::kBugs) {
    if (!only.empty() && only != bug.name) continue;
    const kck::SeedsResult result = kck::FindBug(bug.bug, run);
    const std::string took = result.failed ? std::to_string(*result.failed - run.first.seed + 1) : "not found";
    std::cout << fmt::format("{:<28} {:>9}  {}", bug.name, took, bug.breaks) << std::endl;
    if (!only.empty() && result.failed) std::cout << kck::StoryWithBug(bug.bug, run.first, *result.failed);
    ++(result.failed ? found : missed);
  }
  std::cout << found << " passed, " << missed << " failed\n";
  return missed > 0 ? 1 : 0;
}
