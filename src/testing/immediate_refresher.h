// A Refresher without a queue: what is due is computed as soon as the scheduler comes to it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace kck {

// For one thread, as ManualScheduler is.
class ImmediateRefresher : public Refresher {
 public:
  explicit ImmediateRefresher(Scheduler& scheduler) : scheduler_(scheduler) {}

  void Serve(Engine& engine) { engine_ = &engine; }

  bool Want(RefreshWish wish) override;
  void WantProduct(const ProductPtr& product, RefreshReason, const std::string&) override {
    products.push_back(product->name);
  }
  bool CountRead(std::string_view key) override { return due_.contains(key); }
  void Kept(const ResolvedKey&, const EntryPtr&, const EntryPtr&, bool) override {}

  bool takes = true;                  // false: every key is refused
  std::vector<RefreshWish> wishes;    // that were taken, oldest first
  std::vector<std::string> products;  // that were wanted

 private:
  Scheduler& scheduler_;
  Engine* engine_ = nullptr;
  std::set<std::string, std::less<>> due_;
};

}  // namespace kck
