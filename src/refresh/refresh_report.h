// What the refresh worker tells people: plain data, for /queue, /explain and /metrics.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "refresh/refresh_queue.h"

namespace kck {

inline constexpr std::size_t kRefreshReasons = 8;

// Counted since start.
struct RefreshCounters {
  std::array<std::uint64_t, kRefreshReasons> wishes{};  // by RefreshReason
  std::uint64_t refused = 0;                            // wishes at the queue's bound
  std::uint64_t groups = 0;
  std::uint64_t done = 0;         // keys that are fresh again
  std::uint64_t found_fresh = 0;  // of these: nothing had to be computed
  std::uint64_t missed = 0;       // fills that did not show the change that asked for them
  std::uint64_t failed = 0;       // tries
  std::uint64_t dead = 0;         // keys that became dead letters
};

struct DatabaseRefreshReport {
  std::string name;
  DueCounts due;
  RefreshCounters counters;
  double share_configured = 0;
  double share = 0;  // now
  int connections = 0;
  double busy_seconds = 0;  // of refreshing statements, summed
  bool congested = false;
  Duration latency{};  // of the last probe
  bool reachable = true;
  std::vector<DueReport> keys;
};

struct ProductRefreshReport {
  std::string name;
  double key_us = 0;              // measured time a key, in groups
  std::optional<Duration> fresh;  // the author's target
  std::uint64_t fresh_met = 0;    // refreshes whose value was no older when it was replaced
  std::uint64_t fresh_missed = 0;
  bool unreachable = false;  // a refresh takes longer than the target, or than its period
};

struct DomainWalkReport {
  std::size_t keys = 0;
  std::size_t refused = 0;  // items of the domain that are none of the product's keys
  std::size_t failed = 0;   // keys that became dead letters
};

// A refresh that ended.
struct RecentRefresh {
  std::string key;
  std::int64_t unix_ms = 0;
  std::string outcome;  // "done", "found fresh", or the error's name
  std::uint32_t cost_us = 0;
  std::string why;  // reasons and cause
};

struct KeyRefreshReport {
  std::optional<DueReport> due;       // nothing: it is not due
  std::optional<Duration> next;       // until its schedule makes it due
  bool scheduled = false;             // it is in the book
  std::vector<RecentRefresh> recent;  // newest first
};

struct RefreshReport {
  std::vector<DatabaseRefreshReport> databases;
  std::vector<ProductRefreshReport> products;  // those that were refreshed
  std::size_t scheduled = 0;                   // keys in the book
  std::size_t walks = 0;                       // domains being walked
};

}  // namespace kck
