// All products, updaters and processes of a folder, as loaded at one moment. Immutable; a reload makes a new one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text_map.h"
#include "model/process.h"
#include "model/product.h"
#include "model/triggers.h"
#include "model/updater.h"

namespace kck {

// A key that has been read: canonical, and bound to the definition that it named at that moment.
struct ResolvedKey {
  std::string text;                // canonical: one entry has one key
  ProductPtr product;              // null: a name without a product (general-purpose cache)
  std::vector<ParamValue> params;  // of the product, in order
};

class Catalog {
 public:
  Catalog() = default;
  // Triggers that do not fit their source are left out: loading a folder reports them (model/trigger_check.h).
  explicit Catalog(std::vector<ProductPtr> products, std::vector<UpdaterPtr> updaters = {},
                   std::vector<ProcessPtr> processes = {});

  // Null where there is none.
  const ProductPtr* Find(std::string_view name) const;

  // Null where there is none.
  UpdaterPtr FindUpdater(std::string_view name) const;

  // By name, ascending.
  std::vector<ProductPtr> Products() const;
  std::vector<UpdaterPtr> Updaters() const;
  const std::vector<ProcessPtr>& processes() const { return processes_; }

  // The products that are due when a key of that product was computed, or a write through that updater committed.
  const std::vector<Dependent>& DependentsOfPrime(std::string_view product) const;
  const std::vector<Dependent>& DependentsOfUpdate(std::string_view updater) const;
  // The products whose domain is a key of that product.
  const std::vector<ProductPtr>& ProductsOfDomain(std::string_view product) const;

 private:
  void BindTriggers(const ProductPtr& product);

  TextMap<ProductPtr> products_;
  TextMap<UpdaterPtr> updaters_;
  std::vector<ProcessPtr> processes_;  // by name, ascending
  TextMap<std::vector<Dependent>> after_primes_;
  TextMap<std::vector<Dependent>> after_updates_;
  TextMap<std::vector<ProductPtr>> domains_;
};

using CatalogPtr = std::shared_ptr<const Catalog>;

}  // namespace kck
