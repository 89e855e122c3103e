// An entry as bytes: what a store on disk keeps.
//
// Little endian, a format number first, a checksum (xxh3) last. Deadlines are wall-clock milliseconds, since a
// monotonic clock means nothing to the next process; decoding gives an entry the life that remains of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/scheduler.h"
#include "model/entry.h"

namespace kck {

// One moment, read from both clocks.
struct Moment {
  TimePoint now;
  std::int64_t unix_ms = 0;
};

inline Moment MomentOf(const Scheduler& scheduler) { return {scheduler.Now(), scheduler.UnixMillis()}; }

std::string EncodeEntry(const Entry& entry, const Moment& moment);

// The entry of `key`. KCKStoreError where the bytes are damaged, or of a format that this program does not know; the
// message says which. Expired entries are decoded as any other. Bytes from anywhere are safe to pass. `foreign` is what
// Entry::foreign will say.
Result<EntryPtr> DecodeEntry(std::string_view key, std::string_view bytes, const Moment& moment, bool foreign = false);

// When the entry's life ends, in wall-clock milliseconds, without reading the rest: for compactions, which pass over
// every entry. Nothing where the format is unknown. The checksum is not looked at.
std::optional<std::int64_t> EncodedExpiryUnixMs(std::string_view bytes);

}  // namespace kck
