// One life of a node: engine, refresh queue and worker over a disk and databases that outlive it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/engine.h"
#include "refresh/refresh_worker.h"
#include "simulation/checker.h"
#include "simulation/sim_sources.h"
#include "simulation/sim_store.h"

namespace kck {

// What differs from seed to seed.
struct NodeSettings {
  int rows = 1;
  bool inserts = false;  // writes whose row the database chooses
  std::size_t memory_bytes = std::size_t{16} << 20U;
  EngineLimits engine;
  RefreshLimits refresh;
  RefreshBudget budget;
};

class SimNode {
 public:
  // All outlives it; the process is its own.
  SimNode(SimProcess& process, SimDisk& disk, const SimDatabases& databases, Random& random, Checker& checker,
          const NodeSettings& settings);

  // `done` runs once it serves, or cannot.
  void Start(CatalogPtr catalog, Engine::DoneCallback done);

  // Ends it at any moment, as by kill -9: nothing of it happens after this. Only the destructor may follow.
  void Kill();

  // Nothing is under way and nothing is due, but for dead letters.
  bool idle() const;

  Engine& engine() { return engine_; }
  RefreshWorker& worker() { return worker_; }

 private:
  SimProcess& process_;
  SimStore store_;
  SimPrimer primer_;
  const OwnsAllKeys ownership_;
  Engine engine_;
  RefreshWorker worker_;  // before the engine it goes
};

}  // namespace kck
