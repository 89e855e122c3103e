// What the engine serves by at one moment: the catalog, and beside each product what is known of it as a whole.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log_limit.h"
#include "base/text_map.h"
#include "engine/engine.h"
#include "engine/history.h"
#include "engine/key_mark.h"
#include "model/catalog.h"

namespace kck {

// A mark over a whole product: one record, not a walk over its keys. Held against each entry by fill_sequence.
struct ProductMarks {
  std::atomic<std::uint64_t> stale_before{0};  // fills that began before it are stale
  std::atomic<std::uint64_t> gone_before{0};   // fills that began before it are purged
  std::atomic<std::size_t> foretold{0};        // changes that may be under way (dues.cc)

  // Where processes share the store: the numbers of these two marks that are known of there, which are in the two above
  // before they are here, and when they were asked for last.
  std::atomic<std::uint64_t> shared_stale{0};
  std::atomic<std::uint64_t> shared_gone{0};
  std::atomic<TimePoint> asked_at{TimePoint()};
  // Marks of this process that the others have yet to be told: until then nothing that they computed is known to have
  // begun after them.
  std::atomic<std::size_t> untold_stale{0};
  std::atomic<std::size_t> untold_gone{0};
  std::atomic<std::size_t>& Untold(bool gone) { return gone ? untold_gone : untold_stale; }

  // A commit may be acknowledged before new snapshots see it, so a fill may begin after the change that marked the
  // product and still miss it. True where `entry` does.
  bool Missed(const Entry& entry) const {
    MutexLock lock(changes_mutex_);
    return changes_.Stales(entry);
  }
  void Add(const KeyChange& change) {
    MutexLock lock(changes_mutex_);
    changes_.Add(change);
  }

  // Who waits for the numbers, which are asked for once for all; empty: nobody asks.
  Mutex asking_mutex;
  std::vector<std::function<void(const Result<void>&)>> asking KCK_GUARDED_BY(asking_mutex);

 private:
  mutable Mutex changes_mutex_;
  KeyMark changes_ KCK_GUARDED_BY(changes_mutex_);  // the last ones
};

// What the product's computes did. Any thread adds.
struct FillTally {
  std::atomic<std::uint64_t> fills{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint64_t> cost_us{0};
  LogLimit raised;  // of what its function raises
};

struct ServedProduct {
  ProductPtr product;
  std::shared_ptr<ProductMarks> marks;       // outlives reloads
  std::shared_ptr<DatabaseHistory> history;  // outlives reloads
  std::shared_ptr<FillTally> tally;          // outlives reloads
};

class Serving {
 public:
  Serving() : catalog(std::make_shared<Catalog>()) {}

  // Null where the catalog has no such product.
  const ServedProduct* Find(std::string_view name) const {
    auto found = products.find(name);
    return found == products.end() ? nullptr : &found->second;
  }

  CatalogPtr catalog;
  TextMap<ServedProduct> products;
};

using ServingPtr = std::shared_ptr<const Serving>;

// What a reader may know of `entry` now. Nothing where it may not be served at all: a tombstone, past its life, purged
// with its product, or of a product that is no longer there. `product` is null for a name without one.
std::optional<Freshness> Judge(const Entry& entry, const ServedProduct* product, TimePoint now);

}  // namespace kck
