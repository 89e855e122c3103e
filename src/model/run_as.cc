#include "model/run_as.h"

#include <fmt/format.h>

namespace kck {

const std::string& ValueOf(const RunAsSetting& setting, const std::vector<ParamValue>& params) {
  // The reader refuses parameters that may be NULL.
  static const std::string kNone;
  if (!setting.param) return setting.constant;
  const ParamValue& value = params[*setting.param];
  return value ? *value : kNone;
}

std::string RunAsText(const RunAs& as) {
  // A part's length stands before it, so that no two make one text.
  std::string text;
  auto add = [&text](std::string_view part) { text += fmt::format("{}:{}", part.size(), part); };
  add(as.role);
  for (const RunAsSetting& setting : as.settings) {
    add(setting.name);
    add(setting.param ? fmt::format("parameter {}", *setting.param) : "constant");
    add(setting.constant);
  }
  return text;
}

}  // namespace kck
