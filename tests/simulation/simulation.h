// One run of a seed: a node with its disk, or several with the store that they share; databases, clients, and the
// faults that the seed has for them; then all faults end, and the run comes to rest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "simulation/sim_clients.h"
#include "simulation/sim_shared_store.h"

namespace kck {

struct SimulationRun {
  std::uint64_t seed = 1;
  std::uint64_t steps = 2000;  // before it comes to rest
  std::uint64_t nodes = 0;     // 1: over a disk of its own. More share a store. 0: as many as the seed says
};

// Of every five seeds one has two or three.
std::uint64_t NodesOf(const SimulationRun& run);

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
  // A node over all its lives.
  struct Member {
    std::string name;
    Checker checker;
    std::uint64_t lives = 0;
    SimProcess* process = nullptr;  // of this life
    std::unique_ptr<SimNode> node = nullptr;
    bool serving = false;
    std::unique_ptr<SimClients> clients = nullptr;
    std::map<std::string, Served, std::less<>> settled{};  // what it serves at rest, by key
  };
  struct Heard {
    TimePoint acknowledged;
    const Checker* teller;
    bool lost_by_faults;
    std::function<void(Checker&)> fact;
  };

  NodeSettings SettingsOf(Random& random) const;

  // Nodes.
  void AddMember(const std::string& name);
  Sharer SharerOf(const Member& member);
  void StartNode(Member& member);
  std::unique_ptr<SimNode> MakeNode(Member& member);
  void KillNode(Member& member);
  Member& AnyMember();
  const std::string& violation() const;
  std::uint64_t waiting() const;

  // What one was told of, the others have to know so much later.
  void Spread(Heard heard);
  void TellOthers(const Checker* teller, const std::function<void(Checker&)>& fact);
  Duration KnownWithin() const;

  // Faults, one after another.
  void Weather();
  void StoreFails(bool reads);
  void Reload();
  void EndFaults();
  void Later(Duration from, Duration to, std::function<void()> work);

  // Rest.
  void ComeToRest();
  bool RunDry();
  void CheckNothingLost(Member& member);
  void CheckKept(Member& member, const ResolvedKey& key);
  void RefreshByHand();
  void ReadAll(bool settled);
  void CheckSettled(Member& member, const ResolvedKey& key, const Result<Served>& got);
  void CheckAgreed();
  EntryPtr Kept(Member& member, const ResolvedKey& key);

  const SimulationRun run_;
  Random random_;
  SimScheduler scheduler_;
  Story story_;
  SimDatabase main_;
  SimDatabase lite_;
  const SimDatabases databases_;
  const std::uint64_t nodes_;
  const NodeSettings settings_;
  SimDisk disk_;                                  // of a node that is alone
  const std::unique_ptr<SimSharedStore> shared_;  // of several; null: there is one
  const bool store_refuses_;                      // writes, for a while, now and then
  SimProcess world_;
  Definitions definitions_;
  std::vector<std::unique_ptr<SimProcess>> processes_;  // of all nodes
  bool weather_ = true;
  std::uint64_t kills_ = 0;
  KnownTokens tokens_;
  std::vector<std::unique_ptr<Member>> members_;
};

SimulationResult Simulate(const SimulationRun& run, bool told = false);

}  // namespace kck
