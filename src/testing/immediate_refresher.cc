#include "testing/immediate_refresher.h"

namespace kck {

bool ImmediateRefresher::Want(RefreshWish wish) {
  if (!takes) return false;
  wishes.push_back(wish);
  due_.insert(wish.key.text);
  scheduler_.Post([this, wish = std::move(wish)] {
    Hints hints;
    if (wish.hint) hints.Add(wish.hint);
    std::vector<Engine::RefreshTask> tasks(1);
    tasks[0] = {wish.key, std::move(hints), wish.newer_than,
                [this, key = wish.key.text](const Result<Refreshed>&) { due_.erase(key); }};
    engine_->RefreshBehind(std::move(tasks));
  });
  return true;
}

}  // namespace kck
