// Hot reload: the definitions of a folder follow its files while the server runs.
//
// A change is taken whole or not at all. Once the files have been still for a second they are loaded and held against
// the databases; with a fault, the definitions in service stay, and the faults are in the log and in Report() until the
// files are right. Of kck.yml, `auth` is taken with them, as are the keys that it names, and `log` but for its format.
// A change of its databases, or to have `auth` or not, is refused like a fault; any other one waits for a restart.
#pragma once

#include <cstdint>
#include <vector>

#include "base/change_watch.h"
#include "http/server.h"
#include "model/loader.h"
#include "source/sources.h"

namespace kck {

class Reloader {
 public:
  // Watches from now on, on a thread of its own. `served` is what the node serves by; all outlive this.
  Reloader(const Folder& served, const Databases& databases, const Node& node);
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Looks at the files at once, without waiting for them to be still. Any thread, and returns at once.
  void ReloadNow() { watch_.LoadNow(); }

  // Any thread.
  DefinitionsReport Report() const KCK_EXCLUDES(mutex_);

 private:
  // Returns the state of the files that it has loaded, or has refused.
  std::uint64_t Reload() KCK_EXCLUDES(mutex_);
  void Take(const Folder& folder, std::vector<JwtKey> keys, const Faults& warnings) KCK_EXCLUDES(mutex_);
  void Refuse(const Faults& faults) KCK_EXCLUDES(mutex_);

  const Settings running_;            // of the start
  Settings watched_;                  // of the files as they were loaded last
  std::vector<std::string> modules_;  // that the Python files import, likewise
  const Databases& databases_;
  const Node node_;
  mutable Mutex mutex_;
  DefinitionsReport report_ KCK_GUARDED_BY(mutex_);
  ChangeWatch watch_;  // goes first: it loads into the rest
};

}  // namespace kck
