// One run of a seed: a node, its disk and its databases, clients, and the faults that the seed has for them; then all
// faults end, and the run comes to rest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "simulation/sim_clients.h"

namespace kck {

struct SimulationRun {
  std::uint64_t seed = 1;
  std::uint64_t steps = 2000;  // before it comes to rest
};

struct SimulationResult {
  std::uint64_t steps = 0;  // with those of the rest
  std::uint64_t kills = 0;
  std::int64_t ended_ms = 0;  // by the run's own clock
  std::string violation;      // empty: all held
};

class Simulation {
 public:
  // `told`: the story of what happens is kept.
  Simulation(const SimulationRun& run, bool told);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  SimulationResult Run();

 private:
  static NodeSettings SettingsOf(Random& random);

  // The node.
  void StartNode();
  void KillNode();
  void Reload();

  // Faults, one after another.
  void Weather();
  void EndFaults();
  void Later(Duration from, Duration to, std::function<void()> work);

  // Rest.
  void ComeToRest();
  bool RunDry();
  void CheckNothingLost();
  void CheckKept(const ResolvedKey& key);
  void ReadAll(bool settled);
  void CheckSettled(const ResolvedKey& key, const Result<Served>& got);
  EntryPtr Kept(const ResolvedKey& key);

  const SimulationRun run_;
  Random random_;
  SimScheduler scheduler_;
  Story story_;
  SimDatabase main_;
  SimDatabase lite_;
  const SimDatabases databases_;
  const NodeSettings settings_;
  Checker checker_;
  SimDisk disk_;
  const bool store_refuses_;  // writes, for a while, now and then
  SimProcess world_;
  Definitions definitions_;
  std::vector<std::unique_ptr<SimProcess>> processes_;  // of all nodes
  std::unique_ptr<SimNode> node_;
  bool serving_ = false;
  bool weather_ = true;
  std::uint64_t kills_ = 0;
  SimClients clients_;
};

SimulationResult Simulate(const SimulationRun& run, bool told = false);

}  // namespace kck
