#include "traces.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <random>
#include <stdexcept>

namespace kck::bench {
namespace {

constexpr std::uint32_t kRequests = 1'000'000;
constexpr std::uint32_t kKeys = 100'000;
constexpr std::uint32_t kCacheItems = 10'000;
constexpr std::uint32_t kMeanBytes = 1000;
constexpr double kSigma = 1.2;

using Keys = std::vector<std::uint32_t>;

// The standard's distributions differ between libraries; its engine does not.
class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  double Unit() { return static_cast<double>(engine_() >> 11U) * 0x1p-53; }  // below 1
  std::uint32_t Below(std::uint32_t bound) { return static_cast<std::uint32_t>(engine_() % bound); }
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(1 - Unit()));
    return radius * std::cos(2 * std::numbers::pi * Unit());
  }

 private:
  std::mt19937_64 engine_;
};

// Ranks from 0, where rank r comes with a probability as 1 / (r + 1)^alpha.
class Zipf {
 public:
  Zipf(std::uint32_t ranks, double alpha) : up_to_(ranks) {
    double sum = 0;
    for (std::uint32_t i = 0; i < ranks; ++i) up_to_[i] = sum += std::pow(i + 1.0, -alpha);
  }

  std::uint32_t operator()(Random& random) const {
    const auto found = std::upper_bound(up_to_.begin(), up_to_.end() - 1, random.Unit() * up_to_.back());
    return static_cast<std::uint32_t>(found - up_to_.begin());
  }

 private:
  std::vector<double> up_to_;
};

Keys ZipfKeys(double alpha, Random& random) {
  const Zipf zipf(kKeys, alpha);
  Keys keys(kRequests);
  for (auto& key : keys) key = zipf(random);
  return keys;
}

Keys Scan(Random& random) {
  const Zipf zipf(kKeys, 0.9);
  std::uint32_t next = kKeys;
  Keys keys;
  while (keys.size() < kRequests) {
    for (std::uint32_t i = 0; i < 2 * kCacheItems; ++i) keys.push_back(zipf(random));
    for (std::uint32_t i = 0; i < kCacheItems; ++i) keys.push_back(next++);
  }
  return keys;
}

Keys Jump(Random& random) {
  Keys at(kKeys / 2);  // the key of each rank
  std::iota(at.begin(), at.end(), 0U);
  auto next = static_cast<std::uint32_t>(at.size());
  const Zipf zipf(next, 0.9);
  Keys keys;
  while (keys.size() < kRequests) {
    for (std::uint32_t i = 0; i < kRequests / 10; ++i) keys.push_back(at[zipf(random)]);
    for (auto& key : at) {
      if (random.Below(2) == 0) key = next++;
    }
  }
  return keys;
}

Keys Slide(Random& random) {
  Keys keys(kRequests);
  for (std::uint32_t i = 0; i < kRequests; ++i) keys[i] = i / 20 + random.Below(kCacheItems * 5 / 4);
  return keys;
}

Keys Loop() {
  Keys keys(kRequests);
  for (std::uint32_t i = 0; i < kRequests; ++i) keys[i] = i % (kCacheItems * 11 / 10);
  return keys;
}

Keys KeysOf(std::string_view shape, Random& random) {
  if (shape == "zipf0.7") return ZipfKeys(0.7, random);
  if (shape == "zipf0.9") return ZipfKeys(0.9, random);
  if (shape == "zipf1.1") return ZipfKeys(1.1, random);
  if (shape == "scan") return Scan(random);
  if (shape == "jump") return Jump(random);
  if (shape == "slide") return Slide(random);
  if (shape == "loop") return Loop();
  throw std::invalid_argument("there is no shape " + std::string(shape));
}

std::uint32_t RandomBytes(Random& random) {
  const double mean_log = std::log(double{kMeanBytes}) - kSigma * kSigma / 2;
  return static_cast<std::uint32_t>(std::clamp(std::exp(mean_log + kSigma * random.Normal()), 32.0, 1e6));
}

}  // namespace

std::vector<std::string> Shapes() { return {"zipf0.7", "zipf0.9", "zipf1.1", "scan", "jump", "slide", "loop"}; }

Trace MakeTrace(std::string_view shape, Sizes sizes, unsigned seed) {
  Random random(seed);
  Keys keys = KeysOf(shape, random);
  keys.resize(kRequests);
  std::vector<std::uint32_t> bytes(*std::max_element(keys.begin(), keys.end()) + 1, kMeanBytes);
  if (sizes == Sizes::kLogNormal) std::generate(bytes.begin(), bytes.end(), [&] { return RandomBytes(random); });
  Trace trace;
  for (const auto key : keys) trace.requests.push_back({key, bytes[key]});
  trace.cache_bytes = std::uint64_t{kCacheItems} * kMeanBytes;
  if (shape == "loop") trace.cache_bytes = std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0}) * 10 / 11;
  return trace;
}

}  // namespace kck::bench
