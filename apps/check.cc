#include "primer/check.h"

#include <fmt/format.h>

#include "apps/commands.h"
#include "apps/print.h"
#include "auth/key_loader.h"
#include "http/tls_context.h"
#include "model/loader.h"
#include "python/worker_pool.h"

namespace kck {
namespace {

// The files first, those of TLS too, then what only the databases know, of the products whose files are right.
Folder LoadAndAsk(const std::string& path) {
  Folder folder = LoadFolder(path, DescribeFiles);
  const Databases databases = OpenDatabases(folder.settings.databases);
  LoadKeys(folder.settings.auth, folder.faults);
  std::ranges::move(CheckTls(folder.settings.http), std::back_inserter(folder.faults));
  Faults asked = CheckOnDatabases(folder, databases);
  folder.faults.insert(folder.faults.end(), asked.begin(), asked.end());
  return folder;
}

}  // namespace

int Check(const CheckOptions& options) {
  const Folder folder = LoadAndAsk(options.folder);
  if (options.json) {
    PrintLine(FaultsJson(folder.faults));
  } else {
    PrintLine(FaultLines(folder.faults) +
              fmt::format("{} read: {}", DefinitionCounts(folder), FaultSummary(folder.faults)));
  }
  return HasErrors(folder.faults) ? kExitFailed : kExitOk;
}

}  // namespace kck
