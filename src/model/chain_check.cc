#include "model/chain_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "model/product_key.h"

namespace kck {
namespace {

constexpr std::string_view kArrow = " -> ";

class ChainCheck {
 public:
  ChainCheck(const std::vector<ProductPtr>& products, Faults& faults) : faults_(faults) {
    for (const ProductPtr& product : products) steps_[product->name];
    for (const ProductPtr& product : products) {
      for (const Trigger& trigger : product->refresh.after_primes) AddStep(trigger.source, *product, trigger.location);
      const RefreshRules& rules = product->refresh;
      const std::string domain(KeyName(rules.domain_key));
      // A domain of itself is a fault that is told as such.
      if (domain != product->name) AddStep(domain, *product, rules.domain_location);
    }
  }

  void Check() {
    for (const auto& [name, steps] : steps_) {
      if (!entered_.contains(name)) Visit(name);
    }
    if (!circular_) CheckLengths();
  }

 private:
  using Steps = std::map<std::string, Location>;  // where it leads, and where that is written

  void AddStep(const std::string& from, const Product& to, const Location& location) {
    const auto found = steps_.find(from);
    if (found != steps_.end()) found->second.emplace(to.name, location);
  }

  void Visit(const std::string& name) {
    entered_.insert(name);
    path_.push_back(name);
    for (const auto& [to, location] : steps_[name]) {
      const auto begin = std::ranges::find(path_, to);
      if (begin != path_.end()) {
        ReportCircle({begin, path_.end()}, location);
      } else if (!entered_.contains(to)) {
        Visit(to);
      }
    }
    path_.pop_back();
    left_.push_back(name);
  }

  void ReportCircle(std::vector<std::string> circle, const Location& location) {
    circular_ = true;
    circle.push_back(circle.front());
    faults_.push_back({location,
                       fmt::format("the refresh of {} leads back to it: {}", circle.front(), fmt::join(circle, kArrow)),
                       "take one of these after_primes or domain_key out", false});
  }

  // A product is left before those that lead to it.
  void CheckLengths() {
    std::map<std::string, std::vector<std::string>> longest;  // what leads to it, by the longest way
    for (auto name = left_.rbegin(); name != left_.rend(); ++name) {
      for (const auto& [to, location] : steps_[*name]) {
        std::vector<std::string> way = longest[*name];
        way.push_back(*name);
        if (way.size() == kChainMax + 1) ReportLength(way, to, location);
        if (way.size() > longest[to].size()) longest[to] = std::move(way);
      }
    }
  }

  void ReportLength(std::vector<std::string> way, const std::string& to, const Location& location) {
    way.push_back(to);
    faults_.push_back({location,
                       fmt::format("the refresh of {} leads to {} after {} steps, and {} are the most: {}", way.front(),
                                   to, way.size() - 1, kChainMax, fmt::join(way, kArrow)),
                       "name an earlier product of the chain in after_primes", false});
  }

  Faults& faults_;
  std::map<std::string, Steps> steps_;
  std::set<std::string> entered_;
  std::vector<std::string> path_;  // from where the visit began to where it is
  std::vector<std::string> left_;
  bool circular_ = false;
};

}  // namespace

void CheckChains(const std::vector<ProductPtr>& products, Faults& faults) { ChainCheck(products, faults).Check(); }

}  // namespace kck
