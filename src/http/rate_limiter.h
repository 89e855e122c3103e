// How often something may happen for each of many names: the generic cell rate algorithm (ITU-T I.371, annex A), which
// remembers one moment for a name, and that only while it matters.
//
// Any thread. At most kNamesMax names are remembered; past that, those that could have their whole burst again are
// forgotten, and then any: who floods it with names gets no more by that than a new name would have.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/scheduler.h"
#include "base/thread_annotations.h"

namespace kck {

struct Rate {
  double per_second = 1;  // in the long run; more than 0
  double burst = 1;       // at once; 1 or more
};

class RateLimiter {
 public:
  static constexpr std::size_t kNamesMax = 200000;

  RateLimiter();

  // Takes one of what `name` has. Nothing: it was taken; else how long it is until there is one.
  std::optional<Duration> Take(std::string_view name, const Rate& rate, TimePoint now);

  // Undoes a Take.
  void Give(std::string_view name, const Rate& rate);

 private:
  static constexpr std::size_t kShards = 16;

  struct Shard {
    Mutex mutex;
    // By the name's hash: when it would have its whole burst again.
    boost::unordered_flat_map<std::uint64_t, TimePoint> full_at KCK_GUARDED_BY(mutex);
  };

  static void MakeRoom(Shard& shard, TimePoint now) KCK_REQUIRES(shard.mutex);

  std::uint64_t HashOf(std::string_view name) const;
  Shard& ShardOf(std::uint64_t hash) { return shards_.at(hash % kShards); }

  const std::uint64_t seed_;  // so that nobody can look for names of one hash
  std::array<Shard, kShards> shards_;
};

}  // namespace kck
