#include "http/cache_headers.h"

#include "http/response.h"
#include "model/cache_policy.h"
#include "model/product_key.h"

namespace kck {
namespace {

std::string_view VaryText(const CacheFacts& facts) {
  if (facts.personal) return facts.varies_by_coding ? "Authorization, Accept-Encoding" : "Authorization";
  return facts.varies_by_coding ? "Accept-Encoding" : "";
}

// A stale value is about to be replaced, and a suspect one may be wrong: a cache that kept it would hand on for its
// whole time what KCK itself serves for a moment.
bool MayBeKept(const Served& served, const CacheFacts& facts) {
  return !facts.after_write && served.freshness == Freshness::kFresh && served.cache_policy &&
         served.cache_policy->lives;
}

void AppendLives(std::string& out, const CachePolicy& policy, Duration life) {
  if (life >= policy.reach) {
    AppendHeader(out, "Cache-Control", policy.text);
  } else {
    AppendHeader(out, "Cache-Control",
                 CacheControlText(*policy.lives, std::chrono::duration_cast<std::chrono::seconds>(life)));
  }
}

}  // namespace

void AppendCacheHeaders(std::string& out, const Served& served, const CacheFacts& facts, TimePoint now) {
  if (MayBeKept(served, facts)) {
    AppendLives(out, *served.cache_policy, served.entry->expires_at() - now);
  } else if (facts.after_write) {
    AppendHeader(out, "Cache-Control", "no-store");
  } else {
    AppendHeader(out, "Cache-Control", facts.personal ? "private, no-cache" : "no-cache");
  }
  if (const std::string_view vary = VaryText(facts); !vary.empty()) AppendHeader(out, "Vary", vary);
  if (facts.surrogate_keys) AppendSurrogateKeys(out, served.entry->key());
}

// A canonical key is of characters that a token may have, and no longer than a key may be: a sixteenth of the 16 KiB
// that CDNs take.
void AppendSurrogateKeys(std::string& out, std::string_view key) {
  const std::string_view name = KeyName(key);
  out += "Surrogate-Key: ";
  out += name;
  if (name.size() != key.size()) {
    out += ' ';
    out += key;
  }
  out += "\r\n";
}

}  // namespace kck
