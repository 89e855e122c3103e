// Runs seeds of the simulation; of the first that fails it prints the story. tests/simulation/run builds and starts it.
#include <CLI/CLI.hpp>
#include <iostream>

#include "base/log.h"
#include "simulation/seeds.h"

namespace {

int Run(const kck::SeedsRun& run) {
  const kck::SeedsResult result = kck::RunSeeds(run);
  std::cout << result.seeds << " seeds, " << result.steps << " steps, " << result.kills << " kills\n";
  if (result.failed) std::cout << kck::StoryOf(run.first, *result.failed);
  std::cout << result.seeds - (result.failed ? 1 : 0) << " passed, " << (result.failed ? 1 : 0) << " failed\n";
  return result.failed ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  kck::SeedsRun run;
  CLI::App app("Runs the engine, its refresh queue, its store and its databases under seeds, with faults.");
  app.add_option("--seed", run.first.seed, "the first seed");
  app.add_option("--seeds", run.seeds, "how many");
  app.add_option("--steps", run.first.steps, "of each, before it comes to rest");
  CLI11_PARSE(app, argc, argv);
  kck::SetLogLevel(kck::LogLevel::kError);
  return Run(run);
}
