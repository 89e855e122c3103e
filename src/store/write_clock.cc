#include "store/write_clock.h"

#include <algorithm>

namespace kck {
namespace {

constexpr std::int64_t kClockLeadMaxUs = std::int64_t{24} * 3600 * 1000 * 1000;

}  // namespace

std::int64_t WriteClock::Next() {
  const std::int64_t now_us = scheduler_.UnixMillis() * 1000;
  std::int64_t last = last_us_.load();
  while (!last_us_.compare_exchange_weak(last, std::max(now_us, last + 1))) {
  }
  return std::max(now_us, last + 1);
}

void WriteClock::Raise(std::int64_t seen_us) {
  if (seen_us > scheduler_.UnixMillis() * 1000 + kClockLeadMaxUs) return;
  std::int64_t last = last_us_.load();
  while (last < seen_us && !last_us_.compare_exchange_weak(last, seen_us)) {
  }
}

}  // namespace kck
