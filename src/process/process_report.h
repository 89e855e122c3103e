// What the process runner tells people: plain data, for /processes and /metrics.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/process.h"

namespace kck {

// One run of a process. Times are wall-clock.
struct ProcessRun {
  static constexpr std::string_view kDone = "done";
  static constexpr std::string_view kInterrupted = "interrupted";  // the server ended while it ran

  std::int64_t tick_unix_ms = 0;  // the time of the schedule that it is for; 0: by hand
  std::int64_t began_unix_ms = 0;
  std::int64_t took_ms = 0;
  std::string result;  // one of the above, or the error's name; empty: it is under way
  std::string detail;  // "12 keys, 0 failed"; of a failure, the error's message

  bool by_hand() const { return tick_unix_ms == 0; }
  bool done() const { return result == kDone; }
};

struct ProcessReport {
  ProcessPtr process;
  std::optional<std::int64_t> next_unix_ms;  // when it begins next; nothing while it runs, and where its times are over
  std::optional<std::int64_t> running_since_unix_ms;
  std::size_t owed = 0;                                       // ticks that were missed, and wait for the run under way
  std::deque<ProcessRun> runs;                                // newest first; of earlier servers too
  std::optional<ProcessRun> last_failure;                     // also where it is none of `runs` any more
  std::int64_t last_success_unix_ms = 0;                      // when the last run that was done ended; 0: none was
  std::map<std::string, std::uint64_t, std::less<>> results;  // runs that ended since start, by result
};

}  // namespace kck
