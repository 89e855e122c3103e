#include "model/fault.h"

#include <fmt/format.h>

#include <algorithm>

namespace kck {

std::string FaultText(const Fault& fault) {
  std::string text = fault.location.file;
  if (fault.location.line > 0) text += fmt::format(":{}", fault.location.line);
  if (fault.location.column > 0) text += fmt::format(":{}", fault.location.column);
  text += fmt::format(": {}: {}", fault.warning ? "warning" : "error", fault.message);
  if (!fault.cure.empty()) text += fmt::format(" ({})", fault.cure);
  return text;
}

bool HasErrors(const Faults& faults) {
  return std::any_of(faults.begin(), faults.end(), [](const Fault& fault) { return !fault.warning; });
}

}  // namespace kck
