// The times of a schedule, as a process has them: which is next, and which were missed.
//
// Pure functions over wall-clock milliseconds; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/schedule.h"

namespace kck {

struct Tick {
  std::int64_t at = 0;      // as the schedule names it: the same on every node
  std::int64_t begins = 0;  // when this node begins it: spread by the schedule's jitter
};

// The first tick after `unix_ms`. `random` is from 0 to 1. Nothing: there is none.
std::optional<Tick> NextTick(const Schedule& schedule, std::int64_t unix_ms, double random);

struct Ticks {
  std::vector<std::int64_t> at;  // ascending
  bool more = false;             // there were others before these
};

// The last ticks after `from`, and not after `until`: at most `count_max`.
Ticks TicksBetween(const Schedule& schedule, std::int64_t from, std::int64_t until, std::size_t count_max);

}  // namespace kck
