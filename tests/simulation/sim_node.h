// One life of a node: engine, refresh queue and worker over a store and databases that outlive it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/engine.h"
#include "refresh/refresh_worker.h"
#include "simulation/checker.h"
#include "simulation/sim_sources.h"
#include "simulation/sim_store.h"
#include "store/shared_store.h"

namespace kck {

// What differs from seed to seed.
struct NodeSettings {
  int rows = 1;
  bool inserts = false;  // writes whose row the database chooses
  std::size_t memory_bytes = std::size_t{16} << 20U;
  Duration think_max = std::chrono::milliseconds(4);  // of a client, from an answer to what it does next
  EngineLimits engine;
  RefreshLimits refresh;
  RefreshBudget budget;
};

class SimNode {
 public:
  // All outlives it; the process is its own.
  SimNode(SimProcess& process, std::unique_ptr<SimStore> store, const SimDatabases& databases, Random& random,
          Checker& checker, const NodeSettings& settings);
  // Of several that share a store.
  SimNode(SimProcess& process, std::unique_ptr<SharedStore> store, const SimDatabases& databases, Random& random,
          Checker& checker, const NodeSettings& settings);

  // `done` runs once it serves, or cannot.
  void Start(CatalogPtr catalog, Engine::DoneCallback done);

  // Ends it at any moment, as by kill -9: nothing of it happens after this. Only the destructor may follow.
  void Kill();

  // Nothing is under way and nothing is due, but for dead letters.
  bool idle() const;

  Engine& engine() { return engine_; }
  RefreshWorker& worker() { return worker_; }

 private:
  SimNode(SimProcess& process, std::unique_ptr<Store> store, SimStore* disk, const SimDatabases& databases,
          Random& random, Checker& checker, const NodeSettings& settings);

  SimProcess& process_;
  const std::unique_ptr<Store> store_;
  SimStore* const disk_;  // the same store; null: it is shared
  SimPrimer primer_;
  const OwnsAllKeys ownership_;
  Engine engine_;
  RefreshWorker worker_;  // before the engine it goes
};

}  // namespace kck
