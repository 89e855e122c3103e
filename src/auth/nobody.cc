#include "auth/nobody.h"

#include "auth/password.h"

namespace kck {

Nobody::Nobody() : costs_(UsualCosts()) { hashes_.emplace(costs_, NobodysHash(costs_)); }

void Nobody::Learn(std::string_view hash) {
  const std::string_view costs = CostsOf(hash);
  {
    MutexLock lock(mutex_);
    if (costs == costs_) return;
    if (hashes_.contains(costs)) {
      costs_ = costs;
      return;
    }
    if (hashes_.size() >= kCostsMax) return;
  }
  std::string made = NobodysHash(costs);  // takes as long as a login
  MutexLock lock(mutex_);
  if (made.empty()) return;
  costs_ = costs;
  hashes_.emplace(costs_, std::move(made));
}

std::string Nobody::Hash() const {
  MutexLock lock(mutex_);
  return hashes_.at(costs_);
}

}  // namespace kck
