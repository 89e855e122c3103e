// `kck store`: the tables of a store that nodes share.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "apps/commands.h"
#include "apps/print.h"
#include "apps/worker_threads.h"
#include "base/asio_scheduler.h"
#include "model/loader.h"
#include "python/worker_pool.h"
#include "store/open.h"

namespace kck {
namespace {

using StoreTask = Result<void> (*)(const StoreSettings& settings, const std::string& node_id, Scheduler& scheduler);

int Run(const std::string& path, StoreTask task, std::string_view done) {
  const Folder folder = LoadFolder(path, DescribeFiles);
  if (HasErrors(folder.faults)) {
    fmt::print(stderr, "{}", FaultLines(folder.faults));
    return Failed(FaultSummary(folder.faults) + ": see 'kck check'");
  }
  const StoreSettings& store = folder.settings.store;
  if (!store.cassandra) {
    PrintLine(fmt::format("the store is {}: it needs no tables", store.kind));
    return kExitOk;
  }
  WorkerThreads workers(1);
  AsioScheduler scheduler(workers.executor());
  const Result<void> result = task(store, folder.settings.node_id, scheduler);
  workers.Stop();
  if (!result) return Failed(result.error().message);
  PrintLine(fmt::format("the keyspace {} at {} {}", store.cassandra->keyspace, fmt::join(store.cassandra->hosts, ", "),
                        done));
  return kExitOk;
}

}  // namespace

int SetUpStoreTables(const std::string& folder) { return Run(folder, SetUpStore, "is set up"); }
int CheckStoreTables(const std::string& folder) { return Run(folder, CheckStore, "is as this version expects"); }

}  // namespace kck
