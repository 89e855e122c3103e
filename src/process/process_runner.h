// The process runner: scheduled work at its times, each tick once, and what is known of the runs.
//
// A process never overlaps itself. A tick that comes while it runs, or while no server does, was missed, and what the
// process says of missed ones (MissedRuns) decides: none, one run for all of them, or each after the other.
//
// The record of a run is durable before the run begins, and again after it ends. A run that a kill interrupts is begun
// again at the next start: of a domain always, of SQL unless missed ticks are skipped. A failure waits for the next
// tick.
//
// Any thread may call. What is handed to the constructor outlives the runner; answers that come later than the runner
// do nothing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/scheduler.h"
#include "engine/engine.h"
#include "process/process_report.h"
#include "process/tick_claim.h"
#include "refresh/refresh_worker.h"
#include "source/writer.h"
#include "store/store.h"

namespace kck {

// Where SQL processes run.
struct ProcessDatabase {
  std::shared_ptr<Writer> writer;
  std::chrono::milliseconds statement_timeout{10000};
};

struct ProcessLimits {
  std::size_t missed_max = 1000;              // ticks that `all` makes up for
  std::chrono::milliseconds late_max{60000};  // a tick that is later has been missed: the clock was set, or stood still
  std::chrono::milliseconds look_pause{30000};   // so often the wall clock is looked at, which may be set
  std::chrono::milliseconds connect_time{5000};  // of a statement's deadline, beside its time-out
};

class ProcessRunner {
 public:
  // Whether who runs a process by hand hears of the begin or of the end.
  enum class Answer : std::uint8_t { kBegun, kEnded };

  using DoneCallback = std::function<void(Result<void>)>;
  using RunCallback = std::function<void(Result<ProcessRun>)>;

  // `databases` has one for each that the catalog's processes name. `seed` is for jitter. `functions` runs those that
  // are in Python; null: there are none.
  ProcessRunner(Scheduler& scheduler, Store& store, Engine& engine, RefreshWorker& refresher,
                std::map<std::string, ProcessDatabase> databases, TickClaim& claim, ProcessLimits limits = {},
                std::uint64_t seed = 1, PythonFunctions* functions = nullptr);
  ~ProcessRunner();
  ProcessRunner(const ProcessRunner&) = delete;
  ProcessRunner& operator=(const ProcessRunner&) = delete;

  // Reads what the store knows of the engine's processes, and begins what was interrupted or missed. The engine has its
  // catalog, and the refresher is started.
  void Start(DoneCallback done);

  // Begins nothing from now on, and returns once no statement is under way and all that ended is recorded. A domain
  // that is being refreshed is left, and begun again at the next start. The refresher is stopped after it.
  void Stop();

  // The engine's catalog is another one. Times that were changed count from now; histories stay with their names.
  void CatalogChanged();

  // Runs a process at once, whatever its schedule. `done` hears, once it has begun and is on record: the run, without a
  // result. Once it has ended: the run, or why it failed. KCKUnknownKey: there is no such process. KCKOverloaded: it
  // runs already. `done` runs exactly once, never inside the call.
  void Run(const std::string& name, Answer answer, RunCallback done);

  // Of all processes of the catalog, by name.
  std::vector<ProcessReport> Report() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace kck
