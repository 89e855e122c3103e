#include "http/cache_headers.h"

#include "http/response.h"
#include "model/cache_policy.h"
#include "model/product_key.h"

namespace kck {
namespace {

// Whole lines, since most answers have one of these.
std::string_view VaryLine(const CacheFacts& facts) {
  if (!facts.personal) return facts.varies_by_coding ? "Vary: Accept-Encoding\r\n" : "";
  return facts.varies_by_coding ? "Vary: Authorization, Accept-Encoding\r\n" : "Vary: Authorization\r\n";
}

std::string_view AskingLine(const CacheFacts& facts) {
  if (facts.after_write) return "Cache-Control: no-store\r\n";
  return facts.personal ? "Cache-Control: private, no-cache\r\n" : "Cache-Control: no-cache\r\n";
}

// A stale value is about to be replaced, and a suspect one may be wrong: a cache that kept it would hand on for its
// whole time what KCK itself serves for a moment.
bool MayBeKept(const Served& served, const CacheFacts& facts) {
  return served.cache_policy && served.cache_policy->lives && served.freshness == Freshness::kFresh &&
         !facts.after_write;
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
  } else {
    out += AskingLine(facts);
  }
  out += VaryLine(facts);
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
