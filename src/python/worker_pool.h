// The Python workers of a server: processes that run what the user's folder has in Python, started, watched, replaced.
//
// A call costs itself alone, whatever it does: one that is late, or takes too much memory, is ended with its worker,
// and what ran beside it is run again; where a worker dies and several calls may have been the cause, each of them is
// run again with nobody beside it. A call that writes is never run twice.
//
// One thread of its own talks to all workers. Any thread may call; callbacks run on the pool's thread, exactly once,
// never inside the call, and must be short.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/scheduler.h"
#include "model/python_definitions.h"
#include "model/settings.h"
#include "python/worker_message.h"

namespace kck {

// Counted since start, but for the first five.
struct WorkerPoolStats {
  std::size_t workers = 0;  // that are ready
  std::size_t starting = 0;
  std::size_t running = 0;  // calls
  std::size_t waiting = 0;
  std::size_t resident_bytes = 0;  // of all workers, when looked at last
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;     // by an exception
  std::uint64_t timed_out = 0;  // ended at their deadline
  std::uint64_t died = 0;       // ended with their worker
  std::uint64_t restarts = 0;   // workers that were started in place of another one
};

struct WorkerPoolLimits {
  std::size_t waiting_max = 10000;  // calls
  std::chrono::milliseconds start_timeout{60000};
  std::chrono::milliseconds start_backoff_min{100};
  std::chrono::milliseconds start_backoff_max{10000};
  std::chrono::milliseconds stop_grace{3000};  // for what runs when the server stops
  std::chrono::milliseconds memory_look{200};  // so often the workers' memory is looked at
};

class WorkerPool {
 public:
  using ResultsCallback = std::function<void(Result<std::vector<PythonResult>>)>;
  // Answers what a function asks. `answer`'s text is JSON.
  struct Answer {
    Result<std::string> value;
    std::string version;
    std::int64_t modified_unix_ms = 0;  // as of ReplyFrame
  };
  using AnswerCallback = std::function<void(Answer)>;
  // `keys` are those that the asking function computes. May answer on any thread, also inside the call. Returns what
  // the answer waits for, as a request's `computes` has it; empty: nothing that a worker computes.
  using AskHandler = std::function<std::string(const WorkerAsk& ask, const std::vector<std::string>& keys,
                                               TimePoint deadline, AnswerCallback done)>;

  struct Handlers {
    AskHandler ask;                       // null: everything that is asked is refused
    std::function<void()> other_sources;  // a worker has read other files than those that calls are for; null: nobody
  };

  explicit WorkerPool(WorkerPoolLimits limits = {});
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Before Serve.
  void SetHandlers(Handlers handlers);

  // Runs the files' functions from now on, by workers that have imported them as they are now. Those before go as soon
  // as a new one is ready, and have ended what they do; where all is as it was, they stay.
  void Serve(const Settings& settings, const PythonFiles& files);

  struct Request {
    PythonCall call;
    PythonFunctionPtr function;
    std::vector<std::string> computes;  // of a prime its keys, of a write WriteOf its updater; of a hook what it is of
    bool behind = false;                // nobody waits for it
    ResultsCallback done;
  };

  // Answers at `deadline` at the latest (KCKSourceTimeout); what the function raised is a result's failure, and not an
  // error. KCKOverloaded: too many calls wait. KCKPrimerFailed: the worker died, or there is none.
  void Call(Request request, TimePoint deadline);

  WorkerPoolStats stats() const;

  // What stands for the writes of an updater in `computes`.
  static std::string WriteOf(std::string_view updater);

  // Ends all workers. Calls that have not ended are answered with KCKOverloaded, and so is whatever is called later.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// What the files define, by a worker that is started for it alone. Blocks. Where no worker can be started, or it dies,
// that is the fault.
PythonDefinitions DescribeFiles(const Settings& settings, const PythonFiles& files);

}  // namespace kck
