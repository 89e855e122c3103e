#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace kck {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view LevelName(LogLevel level) {
  const spdlog::string_view_t name = spdlog::level::to_string_view(ToSpdlog(level));
  return {name.data(), name.size()};
}

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = spdlog::stderr_color_mt("kck");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
    return made;
  }();
  return *logger;
}

std::atomic<bool> as_json{false};

}  // namespace

void LogLine(LogLevel level, std::string_view line, const LogFields& fields) {
  if (!LogTakes(level)) return;
  const auto now = std::chrono::system_clock::now();
  const std::string text = as_json ? JsonLogLine(now, LevelName(level), line, fields) : TextLogLine(line, fields);
  Logger().log(ToSpdlog(level), "{}", text);
}

void SetLogLevel(LogLevel level) { Logger().set_level(ToSpdlog(level)); }

bool LogTakes(LogLevel level) { return Logger().should_log(ToSpdlog(level)); }

void LogAsJson() {
  as_json = true;
  Logger().set_pattern("%v");
}

void LogDetail(std::string_view of, std::string_view detail) {
  while (!detail.empty()) {
    const std::size_t end = detail.find('\n');
    LogWarning("  {}: {}", of, detail.substr(0, end));
    detail.remove_prefix(end == std::string_view::npos ? detail.size() : end + 1);
  }
}

}  // namespace kck
