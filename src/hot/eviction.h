// Which entry leaves when memory is full: SIEVE.
//
// A queue in order of arrival, a visited bit an item, and a hand. A use only sets the bit, so a hit moves nothing. The
// hand walks from the oldest item to the newest: a visited item loses its bit and stays where it is, the first one
// without leaves. A scan's items are never visited, so they leave before what is in use.
// Source: Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024, algorithm 1.
//
// The contract that another policy would keep: items are told Added, Used and Removed; Victim names one of the items
// that are in, and does not remove it. Not thread-safe: the stripe's lock covers it. Items are owned by the caller.
#pragma once

namespace kck {

// The part of an item that the policy owns.
struct EvictionLinks {
  EvictionLinks* newer = nullptr;
  EvictionLinks* older = nullptr;
  bool visited = false;
};

class Eviction {
 public:
  void Added(EvictionLinks& item);
  void Used(EvictionLinks& item) { item.visited = true; }
  void Removed(EvictionLinks& item);

  // Null where nothing is in.
  EvictionLinks* Victim();

 private:
  EvictionLinks* newest_ = nullptr;
  EvictionLinks* oldest_ = nullptr;
  EvictionLinks* hand_ = nullptr;  // the next item to look at; null: start at the oldest
};

}  // namespace kck
