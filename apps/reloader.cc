#include "apps/reloader.h"

#include "apps/log_setup.h"
#include "apps/print.h"
#include "auth/key_loader.h"
#include "base/log.h"
#include "model/folder_state.h"
#include "primer/check.h"
#include "python/worker_pool.h"

namespace kck {
namespace {

// The database's own words may quote the SQL, which is for the log and `kck check` alone.
std::string ReasonText(Fault fault) {
  if (fault.from_database) fault.message = "the database refuses the statement; the log and kck check say why";
  return FaultText(fault);
}

// What only a restart can change.
Faults SettingsFaults(const Settings& running, const Settings& loaded) {
  Faults faults;
  if (!SameDatabases(running, loaded)) {
    faults.push_back(
        {{"kck.yml", 0, 0}, "its databases changed, and those of the start are in use", "restart the server"});
  }
  if (running.auth.on != loaded.auth.on) {
    faults.push_back({{"kck.yml", 0, 0}, "auth came or went, and the server runs as it started", "restart the server"});
  }
  return faults;
}

}  // namespace

Reloader::Reloader(const Folder& served, const Databases& databases, const Node& node)
    : running_(served.settings),
      watched_(served.settings),
      modules_(served.python_modules),
      databases_(databases),
      node_(node),
      watch_(served.state, {[this] { return FolderState(watched_, modules_); }, [this] { return Reload(); }}) {}

DefinitionsReport Reloader::Report() const {
  MutexLock lock(mutex_);
  return report_;
}

std::uint64_t Reloader::Reload() {
  Folder folder = LoadFolder(running_.folder, DescribeFiles);
  watched_ = folder.settings;
  modules_ = folder.python_modules;
  Faults faults = std::move(folder.faults);
  std::ranges::move(SettingsFaults(running_, folder.settings), std::back_inserter(faults));
  std::ranges::move(CheckOnDatabases(folder, databases_), std::back_inserter(faults));
  std::vector<JwtKey> keys = LoadKeys(folder.settings.auth, faults);
  // As at the start: a database that is down keeps nobody from changing a definition.
  for (Fault& fault : faults) fault.warning = fault.warning || fault.unreachable;
  if (HasErrors(faults)) {
    Refuse(faults);
  } else {
    Take(folder, std::move(keys), faults);
  }
  return folder.state;
}

void Reloader::Take(const Folder& folder, std::vector<JwtKey> keys, const Faults& warnings) {
  for (const Fault& fault : warnings) LogWarning("{}", FaultText(fault));
  if (node_.authenticator != nullptr) node_.authenticator->Replace(folder.settings.auth, std::move(keys));
  node_.engine.SetCatalog(std::make_shared<Catalog>(folder.products, folder.updaters, folder.processes));
  node_.processes.CatalogChanged();
  // After the catalog: until then what is asked for is of the workers before.
  if (node_.workers != nullptr) node_.workers->Serve(folder.settings, folder.python_files);
  ApplyLogSettings(folder.settings.log, node_.engine);
  LogInfo("the definitions changed: {} are in service now", DefinitionCounts(folder));
  MutexLock lock(mutex_);
  ++report_.reloads;
  report_.refused.clear();
}

void Reloader::Refuse(const Faults& faults) {
  LogError("the change of the definitions is refused, and those before it stay in service:");
  std::vector<std::string> reasons;
  for (const Fault& fault : faults) {
    LogError("{}", FaultText(fault));
    if (!fault.warning) reasons.push_back(ReasonText(fault));
  }
  MutexLock lock(mutex_);
  report_.refused = std::move(reasons);
}

}  // namespace kck
