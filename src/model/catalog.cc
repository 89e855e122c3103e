#include "model/catalog.h"

#include <algorithm>

namespace kck {

Catalog::Catalog(std::vector<ProductPtr> products, std::vector<UpdaterPtr> updaters) {
  for (ProductPtr& product : products) {
    std::string name = product->name;
    products_.emplace(std::move(name), std::move(product));
  }
  for (UpdaterPtr& updater : updaters) {
    std::string name = updater->name;
    updaters_.emplace(std::move(name), std::move(updater));
  }
}

const ProductPtr* Catalog::Find(std::string_view name) const {
  auto found = products_.find(name);
  return found == products_.end() ? nullptr : &found->second;
}

UpdaterPtr Catalog::FindUpdater(std::string_view name) const {
  auto found = updaters_.find(name);
  return found == updaters_.end() ? nullptr : found->second;
}

std::vector<ProductPtr> Catalog::Products() const {
  std::vector<ProductPtr> products;
  products.reserve(products_.size());
  for (const auto& [name, product] : products_) products.push_back(product);
  std::ranges::sort(products, {}, [](const ProductPtr& product) { return product->name; });
  return products;
}

}  // namespace kck
