#include "model/catalog.h"

#include <algorithm>

#include "model/product_key.h"

namespace kck {
namespace {

template <typename Map>
const typename Map::mapped_type& FindOrNone(const Map& map, std::string_view name) {
  static const typename Map::mapped_type kNone;
  const auto found = map.find(name);
  return found == map.end() ? kNone : found->second;
}

}  // namespace

Catalog::Catalog(std::vector<ProductPtr> products, std::vector<UpdaterPtr> updaters, std::vector<ProcessPtr> processes)
    : processes_(std::move(processes)) {
  for (ProductPtr& product : products) {
    std::string name = product->name;
    products_.emplace(std::move(name), std::move(product));
  }
  for (UpdaterPtr& updater : updaters) {
    std::string name = updater->name;
    updaters_.emplace(std::move(name), std::move(updater));
  }
  std::ranges::sort(processes_, {}, [](const ProcessPtr& process) { return process->name; });
  for (const ProductPtr& product : Products()) BindTriggers(product);
}

void Catalog::BindTriggers(const ProductPtr& product) {
  for (const Trigger& trigger : product->refresh.after_primes) {
    const ProductPtr* source = Find(trigger.source);
    if (source == nullptr) continue;
    if (auto bound = BindTrigger(trigger, *product, (*source)->params)) {
      after_primes_[trigger.source].push_back({product, *std::move(bound)});
    }
  }
  for (const Trigger& trigger : product->refresh.after_updates) {
    const UpdaterPtr source = FindUpdater(trigger.source);
    if (!source) continue;
    if (auto bound = BindTrigger(trigger, *product, KeyParamsOf(*source))) {
      after_updates_[trigger.source].push_back({product, *std::move(bound)});
    }
  }
  const std::string& domain = product->refresh.domain_key;
  if (!domain.empty()) domains_[std::string(KeyName(domain))].push_back(product);
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

std::vector<UpdaterPtr> Catalog::Updaters() const {
  std::vector<UpdaterPtr> updaters;
  updaters.reserve(updaters_.size());
  for (const auto& [name, updater] : updaters_) updaters.push_back(updater);
  std::ranges::sort(updaters, {}, [](const UpdaterPtr& updater) { return updater->name; });
  return updaters;
}

const std::vector<Dependent>& Catalog::DependentsOfPrime(std::string_view product) const {
  return FindOrNone(after_primes_, product);
}

const std::vector<Dependent>& Catalog::DependentsOfUpdate(std::string_view updater) const {
  return FindOrNone(after_updates_, updater);
}

const std::vector<ProductPtr>& Catalog::ProductsOfDomain(std::string_view product) const {
  return FindOrNone(domains_, product);
}

}  // namespace kck
