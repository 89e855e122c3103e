// Chains of refreshes: a prime of a product makes those due that name it in after_primes, and one of a domain the
// products whose keys it lists; theirs make others due.
#pragma once

#include <cstddef>
#include <vector>

#include "model/fault.h"
#include "model/product.h"

namespace kck {

inline constexpr std::size_t kChainMax = 16;

// Reports chains that lead back to where they began, which would never end, and those of more than kChainMax steps.
void CheckChains(const std::vector<ProductPtr>& products, Faults& faults);

}  // namespace kck
