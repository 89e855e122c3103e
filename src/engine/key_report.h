// What the engine tells people of one key: plain data, for /explain.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace kck {

enum class KeyPlace : std::uint8_t { kNone, kMemory, kStore };

std::string_view KeyPlaceName(KeyPlace place);   // "memory"
std::string_view EntryKindName(EntryKind kind);  // "set"

struct KeyReport {
  // The compute that requests for the key wait for.
  struct Compute {
    Duration since{};
    std::size_t waiters = 0;
  };

  // Computes that failed, one after another.
  struct Failures {
    Error error;  // the last one's
    int count = 0;
    Duration retry_in{};  // until a request may begin another; 0: at once
  };

  std::string key;
  bool has_product = false;
  KeyPlace place = KeyPlace::kNone;
  EntryPtr entry;                      // as the place holds it; null: none
  Duration age{};                      // of the entry
  std::optional<Duration> stale_in;    // by its own age; nothing: never. Negative: since then
  std::optional<Duration> expires_in;  // likewise
  std::optional<Freshness> freshness;  // as it would be served now; nothing: it would have to be computed
  std::vector<std::string> why;        // sentences, at least one
  std::optional<Compute> compute;
  std::optional<Failures> failures;
  std::optional<KeyUse> use;  // nothing: not in memory
};

}  // namespace kck
