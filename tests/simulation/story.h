// What happened of late, for the person who looks at a failing seed. Written only where somebody reads it: a seed that
// fails is run once more with its story.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "simulation/sim_scheduler.h"

namespace kck {

class Story {
 public:
  explicit Story(const SimScheduler& scheduler, bool told) : scheduler_(scheduler), told_(told) {}

  // Something that happened to `about`: a key, or a row as "main:3". Empty: to all of them.
  template <typename... Args>
  void Tell(std::string_view about, fmt::format_string<Args...> format, Args&&... args) {
    if (told_) Add(about, fmt::format(format, std::forward<Args>(args)...));
  }

  // The last lines about any of these, and about all.
  std::string Of(const std::vector<std::string>& about) const;

 private:
  static constexpr std::size_t kLinesMax = 20000;
  static constexpr std::size_t kShownMax = 60;

  struct Line {
    std::string about;
    std::string text;
  };

  void Add(std::string_view about, const std::string& text);

  const SimScheduler& scheduler_;
  const bool told_;
  std::deque<Line> lines_;
};

}  // namespace kck
