#include "primer/jq_error.h"

namespace kck {
namespace {

constexpr std::string_view kCut = "…";

// Cuts from the first `open` to the last `close`, or to the end where that is cut off; both stay. jq shortens what it
// quotes, so pairs in between do not count.
void CutBetween(std::string& message, char open, char close, std::string_view allowed) {
  const std::size_t begin = message.find(open);
  if (begin == std::string::npos) return;
  std::size_t end = message.rfind(close);
  if (end == begin || end == std::string::npos) end = message.size();
  const std::string_view inside = std::string_view(message).substr(begin + 1, end - begin - 1);
  if (!allowed.empty() && allowed.find(inside) != std::string_view::npos) return;
  message.replace(begin + 1, inside.size(), kCut);
}

void CutAfter(std::string& message, std::string_view words) {
  const std::size_t found = message.find(words);
  if (found != std::string::npos) message.replace(found + words.size(), std::string::npos, kCut);
}

}  // namespace

std::string WithoutData(std::string message, std::string_view program) {
  CutAfter(message, "Invalid path expression with result ");
  CutAfter(message, "Invalid path expression near attempt to ");
  CutBetween(message, '(', ')', {});
  CutBetween(message, '"', '"', program);
  return message;
}

}  // namespace kck
