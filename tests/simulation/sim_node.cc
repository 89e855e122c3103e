#include "simulation/sim_node.h"

#include <utility>

namespace kck {
namespace {

Writers WritersOf(const SimDatabases& databases, SimProcess& process, Random& random, int rows) {
  Writers writers;
  for (const auto& [name, database] : databases) {
    writers[name] = std::make_shared<SimWriter>(*database, process, random, rows);
  }
  return writers;
}

std::map<std::string, RefreshDatabase> BudgetsOf(const SimDatabases& databases, SimProcess& process, Random& random,
                                                 const RefreshBudget& budget) {
  std::map<std::string, RefreshDatabase> budgets;
  for (const auto& [name, database] : databases) {
    auto probe = [&process, &random, one = database](std::function<void(std::optional<Duration>)> done) {
      const Duration latency = random.Latency();
      process.After(latency, [done = std::move(done), latency, one] {
        done(one->reachable ? std::optional(latency) : std::nullopt);
      });
    };
    budgets[name] = {budget, [one = database] { return one->reachable; }, std::move(probe)};
  }
  return budgets;
}

}  // namespace

SimNode::SimNode(SimProcess& process, std::unique_ptr<SimStore> store, const SimDatabases& databases, Random& random,
                 Checker& checker, const NodeSettings& settings)
    : SimNode(process, nullptr, store.release(), databases, random, checker, settings) {}

SimNode::SimNode(SimProcess& process, std::unique_ptr<SharedStore> store, const SimDatabases& databases, Random& random,
                 Checker& checker, const NodeSettings& settings)
    : SimNode(process, std::move(store), nullptr, databases, random, checker, settings) {}

SimNode::SimNode(SimProcess& process, std::unique_ptr<Store> store, SimStore* disk, const SimDatabases& databases,
                 Random& random, Checker& checker, const NodeSettings& settings)
    : process_(process),
      store_(disk != nullptr ? std::unique_ptr<Store>(disk) : std::move(store)),
      disk_(disk),
      primer_(databases, process, random, checker, settings.rows),
      engine_(process, *store_, primer_, settings.memory_bytes, settings.engine,
              WritersOf(databases, process, random, settings.rows)),
      worker_(process, *store_, engine_, ownership_, BudgetsOf(databases, process, random, settings.budget),
              settings.refresh, random.Below(1U << 30U) + 1) {}

void SimNode::Start(CatalogPtr catalog, Engine::DoneCallback done) {
  engine_.SetRefresher(&worker_);
  engine_.Start([this, catalog = std::move(catalog), done = std::move(done)](Result<void> started) mutable {
    if (!started) return done(std::move(started));
    engine_.SetCatalog(std::move(catalog));
    worker_.Start(std::move(done));
  });
}

void SimNode::Kill() {
  if (disk_ != nullptr) disk_->Kill();
  process_.Kill();
}

bool SimNode::idle() const {
  if (engine_.flights() > 0 || (disk_ != nullptr && !disk_->idle())) return false;
  const RefreshReport report = worker_.Report(0);
  for (const DatabaseRefreshReport& database : report.databases) {
    if (database.due.all() > database.due.dead) return false;
  }
  return report.walks == 0;
}

}  // namespace kck
