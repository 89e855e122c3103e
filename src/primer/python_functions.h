// What updaters and processes have in Python: run by a worker, once.
#pragma once

#include <functional>

#include "model/process.h"
#include "model/write_request.h"
#include "python/worker_pool.h"
#include "source/writer.h"

namespace kck {

// Any thread. The pool outlives it. `done` comes exactly once, never inside the call, on the pool's thread.
class PythonFunctions {
 public:
  explicit PythonFunctions(WorkerPool& pool) : pool_(pool) {}

  // As Writer::Write: where the worker died or was late, the error is KCKSourceError or KCKSourceTimeout, and whether
  // something was written is not known. The updater has a function.
  void Write(const ResolvedWrite& write, TimePoint deadline, Writer::WriteCallback done);

  // Runs a process, which has a function.
  void Run(const Process& process, std::function<void(Result<void>)> done);

 private:
  WorkerPool& pool_;
};

}  // namespace kck
