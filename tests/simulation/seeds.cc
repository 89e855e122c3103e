#include "simulation/seeds.h"

#include <algorithm>
#include <mutex>
#include <thread>

namespace kck {
namespace {

// Hands out seeds in their order, up to the first that failed.
class Seeds {
 public:
  explicit Seeds(const SeedsRun& run) : end_(run.first.seed + run.seeds), next_(run.first.seed) {}

  std::optional<std::uint64_t> Next() {
    const std::lock_guard lock(mutex_);
    if (next_ == end_ || next_ > result_.failed.value_or(end_)) return std::nullopt;
    return next_++;
  }

  void Add(std::uint64_t seed, const SimulationResult& result) {
    const std::lock_guard lock(mutex_);
    ++result_.seeds;
    result_.steps += result.steps;
    result_.kills += result.kills;
    if (!result.violation.empty()) result_.failed = std::min(seed, result_.failed.value_or(seed));
  }

  const SeedsResult& result() const { return result_; }

 private:
  const std::uint64_t end_;
  std::mutex mutex_;
  std::uint64_t next_;
  SeedsResult result_;
};

}  // namespace

SeedsResult RunSeeds(const SeedsRun& run) {
  Seeds seeds(run);
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
      threads.emplace_back([&seeds, one = run.first]() mutable {
        while (const auto seed = seeds.Next()) {
          one.seed = *seed;
          seeds.Add(*seed, Simulate(one));
        }
      });
    }
  }
  return seeds.result();
}

std::string StoryOf(SimulationRun run, std::uint64_t seed) {
  run.seed = seed;
  const SimulationResult told = Simulate(run, true);
  return fmt::format("seed {}, {}\nTo run it again: tests/simulation/run --seed {} --seeds 1 --steps {} --nodes {}\n",
                     seed, told.violation.empty() ? "which does not fail when it is run once more" : told.violation,
                     seed, run.steps, run.nodes);
}

}  // namespace kck
