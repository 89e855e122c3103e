#include "hot/eviction.h"

namespace kck {

void Eviction::Added(EvictionLinks& item) {
  item.visited = false;
  item.newer = nullptr;
  item.older = newest_;
  if (newest_ != nullptr) newest_->newer = &item;
  newest_ = &item;
  if (oldest_ == nullptr) oldest_ = &item;
}

void Eviction::Removed(EvictionLinks& item) {
  if (hand_ == &item) hand_ = item.newer;
  (item.newer != nullptr ? item.newer->older : newest_) = item.older;
  (item.older != nullptr ? item.older->newer : oldest_) = item.newer;
  item.newer = item.older = nullptr;
}

EvictionLinks* Eviction::Victim() {
  if (oldest_ == nullptr) return nullptr;
  EvictionLinks* item = hand_ != nullptr ? hand_ : oldest_;
  while (item->visited) {
    item->visited = false;
    item = item->newer != nullptr ? item->newer : oldest_;
  }
  hand_ = item;
  return item;
}

}  // namespace kck
