// An entry: the immutable value of a key, JSON text that is ready to send, with all that its freshness follows from.
//
// Entries are shared between threads by counted pointer and replaced whole, never changed. One is a single block of
// memory: the fields, its key, its value. A renewal (a fill that brought the same content) is a new Entry with the old
// one's content, so bytes and ETag stay.
//
// A cache holds millions of these, so a field takes no more bytes than it needs; EntryFacts is the same in comfort.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/scheduler.h"
#include "model/stamp.h"
#include "model/version.h"

namespace kck {

enum class EntryKind : std::uint8_t {
  kValue = 0,      // rows from a source
  kEmpty = 1,      // the source has no rows; the content is the value that `empty: {as: value}` serves
  kSet = 2,        // put by a caller; stands until a fill that began after it
  kTombstone = 3,  // purged; beats every fill that began before it
};

// What an entry says beyond its key and its content: what a renewal changes.
struct EntryFacts {
  EntryKind kind = EntryKind::kValue;
  std::uint64_t fingerprint = 0;      // of the definition that made it (Product::fingerprint); 0: set without a product
  std::uint32_t slot_generation = 0;  // of the change stream that vouches for it; 0: none
  Version version;                    // of the newest stamp; Entry::content_version is of the newest content
  std::uint64_t fill_sequence = 0;    // Sequence at the moment the compute began; marks are held against it
  StampPtr stamp;                     // null where the source has no snapshots
  std::int64_t as_of_unix_ms = 0;     // when the newest stamp was read; for display
  TimePoint as_of;                    // the same, for ages
  TimePoint stale_at = TimePoint::max();
  TimePoint expires_at = TimePoint::max();
  std::uint32_t cost_us = 0;  // of the compute, at the source
  // Another process made it, whose sequence says nothing of this one's events: fill_sequence is then its place in the
  // order of this process's entries, and `began` knows no more.
  bool foreign = false;
};

// What a renewal keeps.
struct EntryContent {
  Version version;                    // of the fill that made it: the ETag
  std::int64_t modified_unix_ms = 0;  // EntryFacts::as_of_unix_ms of that fill
  std::string_view value;             // JSON text
};

class Entry;
using EntryPtr = boost::intrusive_ptr<const Entry>;

class Entry {
 public:
  // With `value` (JSON text) as its content, whose version and time are those of the facts.
  static EntryPtr Make(std::string_view key, const EntryFacts& facts, std::string_view value);

  static EntryPtr MakeTombstone(std::string_view key, const EntryFacts& facts);

  // With the content of `other`, under the same key.
  static EntryPtr MakeRenewal(const EntryPtr& other, const EntryFacts& facts);

  static EntryPtr Restore(std::string_view key, const EntryFacts& facts, const EntryContent& content);

  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  EntryFacts facts() const;

  std::string_view key() const { return {tail() + prefix_bytes(), key_size_}; }
  EntryKind kind() const { return static_cast<EntryKind>(kind_); }
  std::uint64_t fingerprint() const { return fingerprint_; }
  std::uint32_t slot_generation() const { return slot_generation_; }
  Version version() const { return {epoch_, number_, sub_}; }
  std::uint64_t fill_sequence() const { return fill_sequence_; }
  bool foreign() const { return foreign_ != 0; }
  // What this process's events are held against: its compute began after those before this. 0: nobody here can tell.
  std::uint64_t began() const { return foreign() ? 0 : fill_sequence_; }
  const StampPtr& stamp() const { return stamp_; }
  std::int64_t as_of_unix_ms() const { return Signed(as_of_unix_ms_); }
  TimePoint as_of() const { return TimePoint(std::chrono::milliseconds(Signed(as_of_ms_))); }  // rounded down
  // To the millisecond, and to the second where a life is longer than 24 days; rounded down. Not before as_of.
  TimePoint stale_at() const { return EndOf(stale_after_); }
  TimePoint expires_at() const { return EndOf(expires_after_); }
  std::uint32_t cost_us() const { return cost_us_; }

  // A tombstone has no content; the rest is then empty.
  bool has_content() const { return form() != ContentForm::kNone; }
  EntryContent content() const;
  Version content_version() const { return content().version; }
  std::string_view value() const { return content().value; }

  // What the entry takes from memory, with what it alone keeps alive.
  std::size_t memory_bytes() const;

 private:
  // Where the content is, and what stands in the tail between the fields and the key.
  enum class ContentForm : std::uint8_t {
    kNone,    // nothing
    kOwn,     // the value follows the key; its version and time are the entry's
    kCopied,  // an Origin; the value follows the key
    kShared,  // an EntryPtr: the entry that the content stands in
  };
  struct Origin {
    Version version;
    std::int64_t modified_unix_ms;
  };
  // After as_of: milliseconds, or seconds where the top bit is set.
  using ShortLife = std::uint32_t;

  Entry(std::string_view key, const EntryFacts& facts, ContentForm form, const EntryContent& content, EntryPtr home);
  ~Entry();

  static EntryPtr New(std::string_view key, const EntryFacts& facts, ContentForm form, const EntryContent& content = {},
                      EntryPtr home = nullptr);
  static std::size_t PrefixBytes(ContentForm form);
  // Of a number in 48 bits.
  static std::int64_t Signed(std::uint64_t bits) { return static_cast<std::int64_t>(bits << 16U) >> 16U; }
  static ShortLife LifeUntil(TimePoint end, TimePoint as_of);
  TimePoint EndOf(ShortLife life) const;

  ContentForm form() const { return static_cast<ContentForm>(form_); }
  std::size_t prefix_bytes() const { return PrefixBytes(form()); }
  std::size_t block_bytes() const;
  const char* tail() const { return reinterpret_cast<const char*>(this + 1); }
  char* tail() { return reinterpret_cast<char*>(this + 1); }
  const Entry& home() const;  // the entry that the content stands in

  friend void intrusive_ptr_add_ref(const Entry* entry) { entry->references_.fetch_add(1, std::memory_order_relaxed); }
  friend void intrusive_ptr_release(const Entry* entry) {
    if (entry->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) Delete(entry);
  }
  static void Delete(const Entry* entry);

  mutable std::atomic<std::uint32_t> references_{0};
  const std::uint32_t value_size_;
  const std::uint64_t fingerprint_;
  const std::uint64_t number_;
  const std::uint32_t epoch_;
  const std::uint32_t sub_;
  const std::uint64_t fill_sequence_;
  const StampPtr stamp_;
  const std::uint64_t as_of_unix_ms_ : 48;  // signed, in two's complement
  const std::uint64_t key_size_ : 16;
  const std::uint64_t as_of_ms_ : 48;  // likewise
  const std::uint64_t kind_ : 2;
  const std::uint64_t form_ : 2;
  const std::uint64_t foreign_ : 1;
  const ShortLife stale_after_;
  const ShortLife expires_after_;
  const std::uint32_t slot_generation_;
  const std::uint32_t cost_us_;
};

// True where `candidate` may take the place of `current`, both of one key and one definition.
bool Supersedes(const Entry& candidate, const Entry& current);

// A number that equal values share (xxh3).
std::uint64_t ValueHash(std::string_view value);

}  // namespace kck
