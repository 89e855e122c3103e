#include "http/rate_limiter.h"

#include <xxhash.h>

#include "base/secret.h"

namespace kck {
namespace {

Duration Seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

RateLimiter::RateLimiter() : seed_(RandomNumber()) {}

std::uint64_t RateLimiter::HashOf(std::string_view name) const {
  return XXH3_64bits_withSeed(name.data(), name.size(), seed_);
}

std::optional<Duration> RateLimiter::Take(std::string_view name, const Rate& rate, TimePoint now) {
  const std::uint64_t hash = HashOf(name);
  Shard& shard = ShardOf(hash);
  MutexLock lock(shard.mutex);
  const auto found = shard.full_at.find(hash);
  const TimePoint before = found == shard.full_at.end() ? now : std::max(found->second, now);
  const TimePoint after = before + Seconds(1 / rate.per_second);
  if (const TimePoint latest = now + Seconds(rate.burst / rate.per_second); after > latest) return after - latest;
  if (found != shard.full_at.end()) {
    found->second = after;
    return std::nullopt;
  }
  if (shard.full_at.size() >= kNamesMax / kShards) MakeRoom(shard, now);
  shard.full_at.emplace(hash, after);
  return std::nullopt;
}

void RateLimiter::Give(std::string_view name, const Rate& rate) {
  const std::uint64_t hash = HashOf(name);
  Shard& shard = ShardOf(hash);
  MutexLock lock(shard.mutex);
  const auto found = shard.full_at.find(hash);
  if (found != shard.full_at.end()) found->second -= Seconds(1 / rate.per_second);
}

void RateLimiter::MakeRoom(Shard& shard, TimePoint now) {
  boost::unordered::erase_if(shard.full_at, [now](const auto& item) { return item.second <= now; });
  if (shard.full_at.size() >= kNamesMax / kShards) shard.full_at.clear();
}

}  // namespace kck
