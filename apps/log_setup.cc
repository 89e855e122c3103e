#include "apps/log_setup.h"

#include "base/log.h"
#include "http/request_log.h"

namespace kck {
namespace {

LogLevel LevelOf(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

}  // namespace

void StartLog(const LogSettings& log) {
  if (log.json) LogAsJson();
  SetLogLevel(LevelOf(log.level));
}

void ApplyLogSettings(const LogSettings& log, Engine& engine) {
  SetLogLevel(LevelOf(log.level));
  SetRequestLog(log.requests);
  engine.SetSlowFill(log.slow_fill);
}

}  // namespace kck
