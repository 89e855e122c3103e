// A primer: what computes the value of a key from its source.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/scheduler.h"
#include "model/catalog.h"
#include "source/source.h"

namespace kck {

// A computed value, not yet an entry.
struct Primed {
  std::string value;   // JSON text
  bool empty = false;  // the source had no rows
  StampPtr stamp;
  DatabaseIdentity identity;
  std::uint32_t cost_us = 0;
};

class Primer {
 public:
  using Callback = std::function<void(Result<Primed>)>;

  virtual ~Primer() = default;

  // Computes the value of `key`, whose product is set. Calls `done` exactly once, never inside this call.
  virtual void Prime(const ResolvedKey& key, TimePoint deadline, Callback done) = 0;
};

}  // namespace kck
