// The claims of a node that is alone.
#pragma once

#include "base/scheduler.h"
#include "process/tick_claim.h"

namespace kck {

class OneNode : public TickClaim {
 public:
  explicit OneNode(Scheduler& scheduler) : scheduler_(scheduler) {}

  void Claim(const std::string&, std::int64_t, Callback done) override {
    scheduler_.Post([done = std::move(done)] { done(true); });
  }

 private:
  Scheduler& scheduler_;
};

}  // namespace kck
