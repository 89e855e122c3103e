// What one network thread counts. That thread alone writes, without locks or shared cache lines; any thread may read.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "base/scheduler.h"
#include "engine/engine.h"
#include "http/router.h"
#include "model/compression_settings.h"

namespace kck {

inline constexpr std::array<double, 13> kWaitSecondsBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                           0.25,  0.5,    1,     2.5,  5,     10};

// Of requests that are answered at once.
inline constexpr std::array<double, 10> kHitSecondsBounds{0.000001, 0.0000025, 0.000005, 0.00001, 0.000025,
                                                          0.00005,  0.0001,    0.00025,  0.001,   0.01};
// One in so many of them is timed: reading the clock twice for each would cost more than all that is counted here.
inline constexpr std::uint32_t kHitsATimed = 64;

// Ages of values: below 1 s, 2 s, 4 s, …, 131,072 s (a day and a half), and above.
inline constexpr std::size_t kAgeBuckets = 19;
inline constexpr std::size_t kStates = 3;

struct alignas(64) ThreadMetrics {
  using Count = std::atomic<std::uint64_t>;

  std::array<std::array<Count, 6>, kCalls> requests{};       // by call and first digit of the status
  Count hot_hits{0};                                         // keys answered from memory at once
  std::array<Count, kWaitSecondsBounds.size() + 1> waits{};  // requests that waited, by bucket of the time
  Count wait_us{0};                                          // summed
  Count failed_handshakes{0};                                // of TLS
  std::array<Count, kCompressions> compressed_answers{};     // by ContentCoding
  Count saved_bytes{0};                                      // by them

  void CountRequest(Call call, int status) {
    Add(requests.at(static_cast<std::size_t>(call)).at(static_cast<std::size_t>(status / 100)), 1);
  }

  struct Ages {
    std::array<Count, kAgeBuckets> buckets{};
    Count sum_ms{0};
  };
  std::array<Ages, kStates> ages{};  // of the values that were served, by freshness
  // Keys that were answered with a value, by where that came from: of products, and of names without one.
  std::array<Count, kServedFroms> served_of_products{};
  std::array<Count, kServedFroms> served_of_names{};
  std::array<Count, kHitSecondsBounds.size() + 1> hits{};  // timed requests that did not wait, by bucket of the time
  Count hit_ns{0};                                         // summed

  void CountServed(const Served& value, TimePoint now) {
    const auto age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - value.entry->as_of()).count();
    const auto age = static_cast<std::uint64_t>(age_ms > 0 ? age_ms : 0);
    Ages& of_state = ages.at(static_cast<std::size_t>(value.freshness));
    Add(of_state.buckets.at(std::min<std::size_t>(std::bit_width(age / 1000), kAgeBuckets - 1)), 1);
    Add(of_state.sum_ms, age);
    Add((value.entry->fingerprint() != 0 ? served_of_products : served_of_names)
            .at(static_cast<std::size_t>(value.from)),
        1);
  }

  void CountHit(Duration time) {
    const double seconds = std::chrono::duration<double>(time).count();
    std::size_t bucket = 0;
    while (bucket < kHitSecondsBounds.size() && seconds > kHitSecondsBounds.at(bucket)) ++bucket;
    Add(hits.at(bucket), 1);
    Add(hit_ns, static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count()));
  }

  void CountHotHit() { Add(hot_hits, 1); }

  void CountCompressed(ContentCoding coding, std::size_t saved) {
    Add(compressed_answers.at(static_cast<std::size_t>(coding)), 1);
    Add(saved_bytes, saved);
  }

  void CountFailedHandshake() { Add(failed_handshakes, 1); }

  void CountWait(Duration wait) {
    const double seconds = std::chrono::duration<double>(wait).count();
    std::size_t bucket = 0;
    while (bucket < kWaitSecondsBounds.size() && seconds > kWaitSecondsBounds.at(bucket)) ++bucket;
    Add(waits.at(bucket), 1);
    Add(wait_us, static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(wait).count()));
  }

 private:
  // A plain addition, since there is one writer.
  static void Add(Count& count, std::uint64_t more) {
    count.store(count.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
};

}  // namespace kck
