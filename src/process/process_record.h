// What survives of a process: a record of the store, rewritten before each run and after it.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "process/process_report.h"

namespace kck {

struct ProcessRecord {
  static constexpr std::string_view kPrefix = "process/";  // of the record's name; the process's own follows
  static constexpr std::size_t kRunsMax = 20;

  std::string schedule;             // Schedule::text of the times that it was run by
  std::int64_t counts_from = 0;     // its ticks are those after this moment
  std::optional<ProcessRun> begun;  // the run under way
  std::deque<ProcessRun> runs;      // newest first
  std::optional<ProcessRun> last_failure;
  std::int64_t last_success_unix_ms = 0;

  // The run ends as the newest of the history.
  void Add(const ProcessRun& run);

  std::string Text() const;
  // Nothing where it is not the text of a record.
  static std::optional<ProcessRecord> Parse(std::string_view text);
};

}  // namespace kck
