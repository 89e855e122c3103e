#include "model/log_settings_reader.h"

namespace kck {

LogSettings ReadLogSettings(const YamlFile& file, const YAML::Node& node) {
  const std::vector<std::string> levels{"debug", "info", "warning", "error"};
  LogSettings log;
  YamlMap fields(file, node, "log");
  log.json = fields.TakeChoice("format", {"console", "json"}) == std::size_t{1};
  if (const auto level = fields.TakeChoice("level", levels)) log.level = levels[*level];
  if (const auto requests = fields.TakeBool("requests")) log.requests = *requests;
  log.slow_fill = fields.TakeSpan("slow_fill");
  fields.Finish();
  return log;
}

}  // namespace kck
