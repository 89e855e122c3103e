// All products and updaters of a folder, as loaded at one moment. Immutable; a reload makes a new one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/product.h"
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
  explicit Catalog(std::vector<ProductPtr> products, std::vector<UpdaterPtr> updaters = {});

  // Null where there is none.
  const ProductPtr* Find(std::string_view name) const;

  // Null where there is none.
  UpdaterPtr FindUpdater(std::string_view name) const;

  // By name, ascending.
  std::vector<ProductPtr> Products() const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, ProductPtr, Hash, std::equal_to<>> products_;
  std::unordered_map<std::string, UpdaterPtr, Hash, std::equal_to<>> updaters_;
};

using CatalogPtr = std::shared_ptr<const Catalog>;

}  // namespace kck
