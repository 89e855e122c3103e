// What one network thread counts. That thread alone writes, without locks or shared cache lines; any thread may read.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/scheduler.h"
#include "http/router.h"
#include "model/compression_settings.h"

namespace kck {

inline constexpr std::array<double, 13> kWaitSecondsBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                           0.25,  0.5,    1,     2.5,  5,     10};

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
