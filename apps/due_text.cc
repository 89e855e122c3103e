#include "apps/due_text.h"

#include "apps/page.h"

namespace kck {

std::string ReasonsText(const JsonView& due) {
  std::string text;
  for (const JsonView& reason : due["reasons"].Items()) text += (text.empty() ? "" : ", ") + reason.Text();
  const std::string cause = due["cause"].Text();
  return cause.empty() ? text : text + " (" + cause + ")";
}

std::string CostText(const JsonView& due) {
  const double cost_ms = due["cost_ms"].Number();
  return cost_ms > 0 ? SpanText(cost_ms / 1000) : "unknown";
}

}  // namespace kck
