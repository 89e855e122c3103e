// Which entry leaves when memory is full: W-TinyLFU by use per byte, with counts that fade.
//
// An item arrives in a small *window*, a queue of a hundredth of the bytes. While there is room it moves on to the main
// part without more ado. Once there is none, the oldest of the window must beat a victim of the main part to stay, and
// one of the two leaves. So a scan passes through the window, and a loop larger than memory keeps what it has.
//
// The main part is segmented as in SLRU: items that were used there are *protected*, up to four fifths of its bytes;
// the others are on *probation*. The victim is the one worth least of 16 neighbours in probation, at a random place.
//
// What an item is worth is its uses, at most 15, halved for each eighth of a turnover (as many arrivals as there are
// items) that it has been idle beyond the fifth eighth; per byte. Uses of an item that left are remembered in a sketch
// and go on when it returns. All counts are halved after six counted uses or arrivals an item. An arrival's own request
// does not count for it: it must have been asked for before.
//
// Of two that are worth the same, the one that was cheaper to compute leaves, where the costs differ by a factor of
// eight or so; then the one that has been idle longer. Cost counts for nothing else.
//
// A use sets three fields of one item: nothing moves. Moves to the protected part happen when a sample meets an item
// that was used, and are paid for by that use: eviction is amortised O(1), a sample of 16. The halving is one walk over
// all items here, a sixth of an item for each use or arrival counted.
//
// Memory: 20 bytes an item, 4 more while on probation, 4 to 8 in the sketch.
//
// Sources: Einziger, Friedman, Manes, "TinyLFU", ACM Transactions on Storage 13(4), 2017 (window, admission, sketch);
// Caffeine 3.1.8, BoundedLocalCache (segments and shares); Yang et al., "FIFO queues are all you need for cache
// eviction", SOSP 2023 (a hit only marks, the queue moves it later). By bytes, sampling, and idle time counted in
// arrivals are KCK's own; ARCHITECTURE.md has what each brought and what it was measured against.
//
// Not thread-safe: the stripe's lock covers it. It knows no budget: the caller asks for a victim while over its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hot/frequency_sketch.h"

namespace kck {

class Eviction {
 public:
  // Names an item from Added to Removed; then the number is used again. Dense: good as an index.
  using Id = std::uint32_t;
  static constexpr Id kNone = ~Id{0};

  // About what an item costs here.
  static constexpr std::size_t kBytesPerItem = 32;

  // `hash` is of the key, evenly spread; `bytes` above 4 GiB count as 4 GiB.
  Id Added(std::uint32_t hash, std::size_t bytes, std::uint32_t cost_us);
  void Used(Id id);
  // The item has another value: neither a use nor an arrival.
  void Replaced(Id id, std::size_t bytes, std::uint32_t cost_us);
  void Removed(Id id);

  // From 0 to 15, of its recent uses.
  unsigned UsesOf(Id id) const { return items_[id].uses; }
  // Since it was added, or its use forgotten.
  bool WasUsed(Id id) const { return items_[id].used_lately != 0; }
  void ForgetUse(Id id) { items_[id].used_lately = 0; }

  std::uint32_t HashOf(Id id) const { return items_[id].hash; }

  // The item that should leave, which may be the one that came last; kNone where nothing is in. Does not remove it.
  Id Victim();

 private:
  enum Place : std::uint8_t { kWindow = 0, kProbation = 1, kProtected = 2, kFree = 3 };

  struct Item {
    std::uint32_t hash;
    std::uint32_t bytes;  // at least 1
    union {
      Id newer;             // in window and protected
      std::uint32_t index;  // in probation_
    };
    Id older;               // free: the next free one
    std::uint16_t used_at;  // tick_
    std::uint8_t uses : 4;
    std::uint8_t place : 2;
    std::uint8_t used_here : 1;    // since it came to its place
    std::uint8_t used_lately : 1;  // since ForgetUse
    std::uint8_t cost_class;       // each eight times the one before
  };
  static_assert(sizeof(Item) == 20);

  // By age where items are linked; probation has no order, and its array instead.
  struct Segment {
    Id newest = kNone;
    Id oldest = kNone;
    std::uint64_t bytes = 0;
  };

  Id TakeFree();
  void Enter(Id id, Place place);
  void Leave(Id id);
  void MoveTo(Id id, Place place);

  void CountUse();
  void CountArrival();
  void Halve();

  // Once so many bytes of the main part have left.
  bool WindowIsOver(std::uint32_t leaving_bytes) const;
  void FitProtected();
  Id MainVictim();
  std::uint64_t Worth(const Item& item, unsigned uses) const;
  bool WorthLess(const Item& a, const Item& b) const;
  bool Admits(const Item& arrival, const Item& victim) const;
  std::uint16_t IdleTicks(const Item& item) const { return static_cast<std::uint16_t>(tick_ - item.used_at); }
  std::uint32_t Random();

  std::vector<Item> items_;  // by id
  Id first_free_ = kNone;
  std::vector<Id> probation_;
  Segment segments_[3];  // by place
  FrequencySketch left_;

  std::uint32_t count_ = 0;            // of items that are in
  std::uint32_t uses_ = 0;             // since the last Halve
  std::uint32_t arrival_eighths_ = 0;  // since the last tick, each arrival eight
  std::uint16_t tick_ = 0;             // one an eighth of a turnover
  std::uint32_t random_ = 2463534242;
};

}  // namespace kck
