// An entry: the immutable value of a key, ready to send, with all that its freshness follows from.
//
// Entries are shared between threads by pointer and replaced whole, never changed. A renewal (a fill that brought the
// same content) is a new Entry that shares the old one's Content, so bytes and ETag stay.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/scheduler.h"
#include "model/stamp.h"
#include "model/version.h"

namespace kck {

enum class EntryKind : std::uint8_t {
  kValue = 0,      // rows from a source
  kEmpty = 1,      // the source has no rows; Content holds the value that `empty: {as: value}` serves
  kSet = 2,        // put by a caller; stands until a fill that began after it
  kTombstone = 3,  // purged; beats every fill that began before it
};

// What a client receives. Changes only when the value does.
struct Content {
  Version version;                    // of the fill that made this content; the ETag
  std::uint64_t hash = 0;             // of the value's bytes (xxh3)
  std::int64_t modified_unix_ms = 0;  // for display
  std::string body;                   // {"success":true,"key":…,"version":…,"value":…,"modified":…}
  std::uint32_t value_offset = 0;     // where the value's bytes stand in body
  std::uint32_t value_size = 0;

  std::string_view value() const { return std::string_view(body).substr(value_offset, value_size); }
};

using ContentPtr = std::shared_ptr<const Content>;

struct Entry {
  EntryKind kind = EntryKind::kValue;
  std::uint64_t fingerprint = 0;      // of the definition that made it (Product::fingerprint); 0: set without a product
  std::uint32_t slot_generation = 0;  // of the change stream that vouches for it; 0: none
  Version version;                    // of the newest stamp; content->version is of the newest content
  std::uint64_t fill_sequence = 0;    // Sequence at the moment the compute began; marks are held against it
  StampPtr stamp;                     // null where the source has no snapshots
  std::int64_t as_of_unix_ms = 0;     // when the newest stamp was read; for display
  TimePoint as_of;                    // the same, for ages
  TimePoint stale_at = TimePoint::max();
  TimePoint expires_at = TimePoint::max();
  std::uint32_t cost_us = 0;  // of the compute, at the source
  std::uint32_t row_count = 0;
  ContentPtr content;  // null in a tombstone
};

using EntryPtr = std::shared_ptr<const Entry>;

// True where `candidate` may take the place of `current`, both of one key and one definition.
bool Supersedes(const Entry& candidate, const Entry& current);

// The body of a success answer around `value`, which is JSON text.
ContentPtr MakeContent(std::string_view key, std::string_view value, const Version& version,
                       std::int64_t modified_unix_ms);

// What Content::hash holds for this value.
std::uint64_t ValueHash(std::string_view value);

}  // namespace kck
