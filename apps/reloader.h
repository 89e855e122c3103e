// Hot reload: the definitions of a folder follow its files while the server runs.
//
// A change is taken whole or not at all. Once the files have been still for a second they are loaded and held against
// the databases; with a fault, the definitions in service stay, and the faults are in the log and in Report() until the
// files are right. Of kck.yml, `auth` is taken with them, as are the keys that it names, and `log` but for its format.
// A change of its databases, or to have `auth` or not, is refused like a fault; any other one waits for a restart.
#pragma once

#include <condition_variable>
#include <string>
#include <thread>

#include "base/thread_annotations.h"
#include "http/server.h"
#include "model/loader.h"
#include "source/sources.h"

namespace kck {

class Reloader {
 public:
  // Watches from now on, on a thread of its own. `served` is what the node serves by; all outlive this.
  Reloader(const Folder& served, const Databases& databases, const Node& node);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Looks at the files at once, without waiting for them to be still. Any thread, and returns at once.
  void ReloadNow() KCK_EXCLUDES(mutex_);

  // Any thread.
  DefinitionsReport Report() const KCK_EXCLUDES(mutex_);

 private:
  void Run();
  // Waits for a change of the files. False: the end.
  bool AwaitChange() KCK_EXCLUDES(mutex_);
  void Reload();
  void Refuse(const Faults& faults) KCK_EXCLUDES(mutex_);

  const Settings running_;  // of the start
  Settings watched_;        // of the files as they were loaded last
  const Databases& databases_;
  const Node node_;
  std::uint64_t loaded_state_;

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  bool stopping_ KCK_GUARDED_BY(mutex_) = false;
  bool now_ KCK_GUARDED_BY(mutex_) = false;
  DefinitionsReport report_ KCK_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace kck
