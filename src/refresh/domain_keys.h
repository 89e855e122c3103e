// A domain's value as keys: each item of the list is the parameters of one key of the product.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/catalog.h"

namespace kck {

// Some of a domain's keys.
struct DomainKeys {
  std::vector<ResolvedKey> keys;
  std::size_t refused = 0;  // items that are none of the product's keys
  std::size_t next = 0;     // the first item behind them
  bool more = false;        // there is one
};

// The keys that `value`, a JSON list, names by its items from `from` on, of at most `count_max` items: a domain may be
// larger than what should be held as keys at a time. An item is a list or an object of the product's parameters, or,
// where it has one, that parameter alone. The error says what is wrong with the value as a whole.
Result<DomainKeys> ReadDomain(const ProductPtr& product, std::string_view value, std::size_t from,
                              std::size_t count_max);

}  // namespace kck
