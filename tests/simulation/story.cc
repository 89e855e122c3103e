#include "simulation/story.h"

#include <algorithm>
#include <vector>

namespace kck {

void Story::Add(std::string_view about, const std::string& text) {
  if (lines_.size() == kLinesMax) lines_.pop_front();
  const double ms = std::chrono::duration<double, std::milli>(scheduler_.Now().time_since_epoch()).count() - 3.6e9;
  lines_.push_back(
      {std::string(about), fmt::format("step {:>6}  {:>10.3f} ms  {:<10} {}", scheduler_.steps(), ms, about, text)});
}

std::string Story::Of(const std::vector<std::string>& about) const {
  std::vector<std::string_view> shown;
  for (auto line = lines_.rbegin(); line != lines_.rend() && shown.size() < kShownMax; ++line) {
    if (line->about.empty() || std::ranges::find(about, line->about) != about.end()) shown.push_back(line->text);
  }
  std::string text;
  for (auto line = shown.rbegin(); line != shown.rend(); ++line) text += fmt::format("  {}\n", *line);
  return text;
}

}  // namespace kck
