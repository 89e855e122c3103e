// What a product's author lets caches between a client and KCK keep, and for how long. Immutable once loaded.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace kck {

// The directives of `cache_control`; whole seconds.
struct CacheLives {
  bool is_private = false;                     // access depends on the token: no shared cache may keep it
  std::chrono::seconds max_age{0};             // how long it is used without asking
  std::optional<std::chrono::seconds> shared;  // s-maxage: the same, for shared caches
  std::optional<std::chrono::seconds> stale_while_revalidate;
  std::optional<std::chrono::seconds> stale_if_error;
};

struct CachePolicy {
  std::optional<CacheLives> lives;  // none: caches ask each time
  std::string text;                 // of the lives, as Cache-Control has them
  std::chrono::seconds reach{0};    // how long after an answer a cache may use it by that text
  bool compresses = true;           // false: never sent compressed
};

// How long after an answer a cache may use it.
std::chrono::seconds ReachOf(const CacheLives& lives);

// The value of Cache-Control, with every use of the answer ending within `life`.
std::string CacheControlText(const CacheLives& lives, std::chrono::seconds life);

}  // namespace kck
