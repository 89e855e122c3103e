// The log: spdlog behind a few functions, so that only one file pays for its headers.
//
// Lines go to standard error. No line holds SQL text, parameter values or secrets.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "base/log_fields.h"

namespace kck {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

void LogLine(LogLevel level, std::string_view line, const LogFields& fields = {});

// Lines below `level` are dropped. Any thread.
void SetLogLevel(LogLevel level);
bool LogTakes(LogLevel level);

// From now on one JSON object a line. Before other threads log.
void LogAsJson();

template <typename... Args>
void LogInfo(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void LogWarning(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kWarning, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void LogError(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

// A text of several lines, each as a line of its own, as warnings: a log's line has no ends within. `of` stands before
// each.
void LogDetail(std::string_view of, std::string_view detail);

}  // namespace kck
