// Which node runs a tick of a process: each tick has one runner.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace kck {

// Any thread.
class TickClaim {
 public:
  using Callback = std::function<void(Result<bool>)>;

  virtual ~TickClaim() = default;

  // True for one of all the nodes that ask for the tick of that process; and for that node again, should it be killed
  // before the run has ended. Calls `done` exactly once, never inside this call.
  virtual void Claim(const std::string& process, std::int64_t tick_unix_ms, Callback done) = 0;

  // True where other nodes ask as well: then ticks have to be the same at each, whenever it started.
  virtual bool among_nodes() const { return false; }
};

}  // namespace kck
