// The claims of nodes that share a store: a register a tick, which the first node that asks gets.
#pragma once

#include <string>

#include "process/tick_claim.h"
#include "store/shared_store.h"

namespace kck {

class SharedClaims : public TickClaim {
 public:
  // `node` outlives restarts, so that a node that was killed in a run has its tick again.
  SharedClaims(SharedStore& store, std::string node) : store_(store), node_(std::move(node)) {}

  void Claim(const std::string& process, std::int64_t tick_unix_ms, Callback done) override;
  bool among_nodes() const override { return true; }

 private:
  SharedStore& store_;
  const std::string node_;
};

}  // namespace kck
