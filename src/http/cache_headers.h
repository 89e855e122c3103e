// What an entry's answer tells caches between: Cache-Control, Vary, Surrogate-Key.
#pragma once

#include <string>
#include <string_view>

#include "engine/engine.h"

namespace kck {

// What is known of the answer beyond its entry.
struct CacheFacts {
  bool after_write = false;       // KCK-After: what one client asked for after its own write is no other's answer
  bool personal = false;          // who may have it depends on the token
  bool varies_by_coding = false;  // other clients may get it compressed, or not
  bool surrogate_keys = false;
};

// With the product's policy, no use of the answer goes beyond the entry's life.
void AppendCacheHeaders(std::string& out, const Served& served, const CacheFacts& facts, TimePoint now);

// The product's name and the key, as tokens: CDNs purge by either.
void AppendSurrogateKeys(std::string& out, std::string_view key);

}  // namespace kck
