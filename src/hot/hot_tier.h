// The hot tier: entries in this node's memory.
//
// One table of immutable entries, in up to 64 stripes: one a MiB of budget, since eviction chooses within a stripe, and
// chooses badly among few. A lookup takes one stripe's lock for a few dozen nanoseconds, copies a pointer, and never
// waits for I/O. Kept within a budget of bytes by the eviction of eviction.h; empty entries and tombstones together
// hold at most a tenth of it, so that a stranger who asks for keys that do not exist pushes nothing out.
//
// Any thread may call. Which of two entries of one key is the newer is the caller's business: the engine puts under the
// key's lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "model/entry.h"

namespace kck {

struct HotTierStats {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t evictions = 0;
};

struct KeyUse {
  bool used = false;          // since TakeUse was called last
  unsigned uses = 0;          // from 0 to 15, fading: more where it is asked for more often than others
  std::uint32_t cost_us = 0;  // of its entry
};

class HotTier {
 public:
  // What an entry takes from the budget.
  using Weigher = std::size_t (*)(const Entry& entry);

  // The memory that the entry takes, with its share of the tier's own structures.
  static std::size_t MemoryBytes(const Entry& entry);

  // With a clock it keeps when each entry was put or confirmed, in four bytes more.
  explicit HotTier(std::size_t bytes_max, Weigher weigher = MemoryBytes, const Scheduler* clock = nullptr);
  ~HotTier();
  HotTier(const HotTier&) = delete;
  HotTier& operator=(const HotTier&) = delete;

  // Null where there is none. Counts as a use for eviction. Does not look at lifetimes.
  EntryPtr Find(std::string_view key);

  enum class Age : std::uint8_t {
    kYoung,
    kDue,  // and this caller is the one to see to it
    kOld,
  };
  struct Aged {
    EntryPtr entry;
    Age age = Age::kYoung;
  };

  // The same, where there is a clock, with the time since the entry was put or confirmed, in tenths of a second: from
  // `due` on an entry counts as confirmed by being found, so that of callers who come at once one is told; from `old`
  // on it does not.
  Aged FindAged(std::string_view key, Duration due, Duration old);

  // The key's entry, where there is one, is of age 0.
  void Confirm(std::string_view key);

  // The same as Find without counting as a use: for what KCK does itself.
  EntryPtr Look(std::string_view key) const;

  // How the key was asked for lately. Nothing where it is not in memory.
  std::optional<KeyUse> UseOf(std::string_view key) const;
  // The same, and clears `used`.
  std::optional<KeyUse> TakeUse(std::string_view key);

  // Keeps `entry` in the place of whatever its key held, if eviction lets it stay. An entry larger than half of its
  // class's budget is not kept: then the key holds none.
  void Put(EntryPtr entry);

  HotTierStats Stats() const;

 private:
  class Stripe;
  // Values, and what stands for their absence.
  enum Class : std::uint8_t { kValues = 0, kBlanks = 1 };
  static constexpr std::size_t kBlankShare = 10;  // of the budget: one tenth

  static Class ClassOf(const Entry& entry);
  // In tenths of a second; 0 without a clock.
  std::uint32_t Ticks() const;
  std::size_t StripeIndex(std::uint64_t hash) const;
  Stripe& StripeOf(std::uint64_t hash) const;
  void Forget(const Entry& entry);  // from the sums
  void Shrink(Class which, std::size_t grown);

  const std::array<std::size_t, 2> bytes_max_;
  const Weigher weigher_;
  const Scheduler* const clock_;
  const TimePoint began_;  // ages count from it
  const std::size_t stripe_count_;
  std::array<std::atomic<std::size_t>, 2> bytes_{};
  std::atomic<std::uint64_t> entries_{0};
  std::atomic<std::uint64_t> evictions_{0};
  std::atomic<std::size_t> next_victim_{0};  // the stripe that gives next, where one is not enough
  std::unique_ptr<Stripe[]> stripes_;
};

}  // namespace kck
