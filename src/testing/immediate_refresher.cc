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
    tasks[0] = {wish.key, std::move(hints), wish.newer_than, [this, wish](const Result<Refreshed>& refreshed) {
                  due_.erase(wish.key.text);
                  if (refreshed && refreshed->marked) Want(wish);
                }};
    engine_->RefreshBehind(std::move(tasks));
  });
  return true;
}

}  // namespace kck
