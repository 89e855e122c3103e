// Has a worker call the hooks of products and updaters (model/hooks.h).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log_limit.h"
#include "model/catalog.h"
#include "model/write_request.h"
#include "python/worker_pool.h"

namespace kck {

// What a hook is told.
struct HookEvent {
  HooksPtr hooks;
  Hook hook = Hook::kPrePrime;
  std::string name;  // of the product or updater
  std::string key;
  std::vector<std::vector<ParamValue>> params;                        // of a product's key: one list
  std::vector<std::pair<std::string, ParamValue>> write_params = {};  // of an updater's write
  std::string action = {};                                            // likewise
  std::optional<std::string> value = std::nullopt;                    // JSON text
  Hints hints = {};
};

// Any thread. The pool outlives it. A hook never fails what it is called for, and never runs twice: where it raises,
// is late, or its worker dies, that is logged.
class PythonHooks {
 public:
  // So many that nobody waits for may stand behind each other; what comes then is not called, which is logged.
  static constexpr std::size_t kBehindMax = 1000;

  explicit PythonHooks(WorkerPool& pool) : pool_(pool) {}

  // `done` runs once the hook has ended, whatever came of it; inside the call where there is none.
  void Before(HookEvent event, TimePoint deadline, std::function<void()> done);

  // Nobody waits for it. Those of one key may come in another order than they were told in.
  void After(HookEvent event);

  // What the hook makes of the event's value: the error is the function's.
  void Make(HookEvent event, TimePoint deadline, std::function<void(Result<PythonResult>)> done);

 private:
  void Call(HookEvent event, TimePoint deadline, bool behind, std::function<void(Result<PythonResult>)> done);
  void Report(const std::string& what, const std::string& why);

  WorkerPool& pool_;
  std::atomic<std::size_t> behind_{0};
  LogLimit failed_logged_;
};

HookEvent EventOf(const ResolvedKey& key, Hook hook);
HookEvent EventOf(const ResolvedWrite& write, Hook hook);

}  // namespace kck
