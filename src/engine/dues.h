// Which keys are due when a key was computed, or a write committed.
//
// Pure functions over the catalog; any thread.
#pragma once

#include <string>
#include <vector>

#include "engine/dependencies.h"
#include "engine/refresher.h"
#include "model/catalog.h"
#include "model/write_request.h"
#include "source/writer.h"

namespace kck {

struct Dues {
  std::vector<ResolvedKey> keys;
  std::vector<ProductPtr> products;  // all keys of these

  bool empty() const { return keys.empty() && products.empty(); }
  void Add(ResolvedKey key);  // once each
  void Add(const ProductPtr& product);
};

// What made them due.
struct Cause {
  RefreshReason reason = RefreshReason::kHand;
  std::string text;  // for people: "update airline/UA"
  HintPtr hint;      // null: nothing is known
};

// With what is primed after those, and so on: all of it is out of date at once, and computed in its order. `readers`
// were computed from the key; with null `dependencies`, what was computed from those that are due is not.
Dues DuesOfPrime(const Catalog& catalog, const ResolvedKey& key, const std::vector<std::string>& readers,
                 const Dependencies* dependencies);
// What was computed from a key that was set, purged, or computed elsewhere.
Dues DuesOfChange(const Catalog& catalog, const std::string& key, const Dependencies& dependencies);
Cause CauseOfPrime(const Entry& entry);

// Where the database has yet to choose a part of the write's key, what depends on it is due as a whole.
Dues DuesOfUpdate(const Catalog& catalog, const ResolvedWrite& write, const Dependencies* dependencies);
Cause CauseOfUpdate(const ResolvedWrite& write, const Written& written);

// Reads the parts of the key that the database chose from the rows that the write returned, by the columns' names.
void LearnKey(ResolvedWrite& write, const Written& written);

}  // namespace kck
