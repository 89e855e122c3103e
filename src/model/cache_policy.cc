#include "model/cache_policy.h"

#include <fmt/format.h>

#include <algorithm>

namespace kck {

using std::chrono::seconds;

seconds ReachOf(const CacheLives& lives) {
  const seconds fresh = std::max(lives.max_age, lives.shared.value_or(seconds(0)));
  const seconds while_stale = std::max(lives.stale_while_revalidate.value_or(seconds(0)),  //
                                       lives.stale_if_error.value_or(seconds(0)));
  return fresh + while_stale;
}

std::string CacheControlText(const CacheLives& lives, seconds life) {
  life = std::max(life, seconds(0));
  const seconds max_age = std::min(lives.max_age, life);
  std::string text = fmt::format("{}, max-age={}", lives.is_private ? "private" : "public", max_age.count());
  seconds fresh = max_age;
  if (lives.shared) {
    const seconds shared = std::min(*lives.shared, life);
    text += fmt::format(", s-maxage={}", shared.count());
    fresh = std::max(fresh, shared);
  }
  const auto add = [&](const char* name, const std::optional<seconds>& after) {
    if (after) text += fmt::format(", {}={}", name, std::min(*after, life - fresh).count());
  };
  add("stale-while-revalidate", lives.stale_while_revalidate);
  add("stale-if-error", lives.stale_if_error);
  return text;
}

}  // namespace kck
