#include "model/trigger_check.h"

#include <fmt/format.h>

#include "model/catalog.h"
#include "model/chain_check.h"
#include "model/near_name.h"
#include "model/product_key.h"
#include "model/triggers.h"

namespace kck {
namespace {

template <typename Definition>
std::vector<std::string> NamesOf(const std::vector<Definition>& definitions) {
  std::vector<std::string> names;
  for (const Definition& definition : definitions) names.push_back(definition->name);
  return names;
}

// "item/id/tag"
std::string FormOf(std::string form, const std::vector<Param>& params) {
  for (const Param& param : params) form += "/" + param.name;
  return form;
}

class TriggerCheck {
 public:
  TriggerCheck(const Folder& folder, Faults& faults)
      : folder_(folder), faults_(faults), catalog_(folder.products, folder.updaters) {}

  void Check() {
    for (const ProductPtr& product : folder_.products) {
      for (const Trigger& trigger : product->refresh.after_primes) CheckAfterPrime(*product, trigger);
      for (const Trigger& trigger : product->refresh.after_updates) CheckAfterUpdate(*product, trigger);
      if (!product->refresh.domain_key.empty()) CheckDomain(*product);
    }
    for (const ProcessPtr& process : folder_.processes) {
      if (!process->domain.empty()) CheckProcess(*process);
    }
  }

 private:
  void CheckAfterPrime(const Product& product, const Trigger& trigger) {
    const ProductPtr* source = FindProduct(trigger.source, trigger.location);
    if (source == nullptr) return;
    const auto& params = (*source)->params;
    CheckFit(product, trigger, params, fmt::format("its keys are {}", FormOf(trigger.source, params)));
  }

  void CheckAfterUpdate(const Product& product, const Trigger& trigger) {
    const UpdaterPtr source = catalog_.FindUpdater(trigger.source);
    if (!source) {
      if (folder_.faulty_updaters.contains(trigger.source)) return;
      return Report(trigger.location, fmt::format("there is no updater \"{}\"", trigger.source),
                    NearCure(trigger.source, NamesOf(folder_.updaters)));
    }
    const std::vector<Param> key = KeyParamsOf(*source);
    CheckFit(product, trigger, key,
             key.empty() ? fmt::format("it has no primary_key, so write {} alone", trigger.source)
                         : fmt::format("the parts are its primary key: {}", FormOf(trigger.source, key)));
  }

  void CheckFit(const Product& product, const Trigger& trigger, const std::vector<Param>& source, std::string cure) {
    const auto bound = BindTrigger(trigger, product, source);
    if (!bound) Report(trigger.location, bound.error().message, std::move(cure));
  }

  void CheckDomain(const Product& product) {
    const RefreshRules& rules = product.refresh;
    const std::string name(KeyName(rules.domain_key));
    if (name == product.name) {
      return Report(rules.domain_location, fmt::format("the domain of {} is {} itself", name, name),
                    "name a product whose value lists the parameters of its keys");
    }
    if (FindProduct(name, rules.domain_location) == nullptr) return;
    for (const std::string_view part : SplitKey(rules.domain_key)) {
      if (part != "*" && !part.starts_with(':')) continue;
      return Report(rules.domain_location, fmt::format("domain_key is one key, and \"{}\" is no value in it", part),
                    "write the value; %3A and %2A stand for a colon and a star that are part of it");
    }
    const auto key = ResolveKey(catalog_, rules.domain_key);
    if (!key) Report(rules.domain_location, key.error().message, "");
  }

  void CheckProcess(const Process& process) {
    const ProductPtr* product = FindProduct(process.domain, process.domain_location);
    if (product == nullptr || !(*product)->refresh.domain_key.empty()) return;
    Report(process.domain_location,
           fmt::format("product {} has no domain_key, so its keys are not known", process.domain),
           "add refresh: {domain_key: …} to the product");
  }

  // Null where there is none, which is reported.
  const ProductPtr* FindProduct(const std::string& name, const Location& at) {
    const ProductPtr* product = catalog_.Find(name);
    if (product == nullptr && !folder_.faulty_products.contains(name)) {
      Report(at, fmt::format("there is no product \"{}\"", name), NearCure(name, NamesOf(folder_.products)));
    }
    return product;
  }

  void Report(const Location& at, std::string message, std::string cure) {
    faults_.push_back({at, std::move(message), std::move(cure), false});
  }

  const Folder& folder_;
  Faults& faults_;
  const Catalog catalog_;
};

}  // namespace

void CheckTriggers(const Folder& folder, Faults& faults) {
  TriggerCheck(folder, faults).Check();
  CheckChains(folder.products, faults);
}

}  // namespace kck
