// A primer: what computes the value of a key from its source.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/scheduler.h"
#include "base/trace.h"
#include "model/catalog.h"
#include "model/hints.h"
#include "source/source.h"

namespace kck {

// A computed value, not yet an entry.
struct Primed {
  std::string value;   // JSON text
  bool empty = false;  // the source had no rows
  StampPtr stamp;
  DatabaseIdentity identity;
  std::uint32_t cost_us = 0;
  std::uint64_t rows = 0;
  std::uint32_t statement_keys = 1;     // as Rows says it
  std::vector<std::string> reads = {};  // the keys that it was computed from, as they were asked for
};

class Primer {
 public:
  using Callback = std::function<void(Result<Primed>)>;

  // One value to compute. `key.product` is set.
  struct Request {
    ResolvedKey key;
    Hints hints;
    Callback done;
    TracePtr trace = nullptr;  // of the request that caused it
    bool refreshes = false;    // somebody asked for it to be computed again
  };

  virtual ~Primer() = default;

  // Computes the value that a reader waits for. Calls `done` exactly once, never inside this call.
  virtual void Prime(Request request, TimePoint deadline) = 0;

  // Computes values that nobody waits for, all of one product: together where the source can, and behind those that
  // readers wait for. Each `done` as in Prime.
  virtual void PrimeBehind(std::vector<Request> requests, TimePoint deadline) = 0;

  // Stamp and identity alone, as a value of this moment would have them; no stamp where the database gives none. `done`
  // comes once, maybe inside this call where there is nothing to ask.
  virtual void ReadMoment(const std::string& database, TimePoint deadline, Callback done);
};

}  // namespace kck
