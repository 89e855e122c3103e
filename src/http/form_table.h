// Compressed forms in memory: of each key, those of one content, within a budget of bytes. Who was asked for the
// longest time ago gives way.
//
// A form is an Entry under a name of its own (compressed_forms.h), so that it is shared, sent and stored as entries
// are. Any thread may call; a lookup takes one stripe's lock for a moment.
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_map.hpp>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include "base/thread_annotations.h"
#include "http/accept_encoding.h"
#include "model/entry.h"

namespace kck {

// Two entries of one key with equal ones have the same body.
struct ContentId {
  explicit ContentId(const Entry& entry);

  bool operator==(const ContentId&) const = default;

  Version version;
  std::uint64_t fingerprint;
  std::int64_t modified_unix_ms;
  std::size_t value_bytes;
};

class FormTable {
 public:
  struct Found {
    EntryPtr form;  // null: there is none
    ContentCoding coding = ContentCoding::kIdentity;
    bool to_make = false;  // the first of the wanted: the caller, and nobody else, is to make it
  };

  explicit FormTable(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // The best of the `wanted` forms of `entry` that is there. `wanted` is not empty.
  Found Find(const Entry& entry, const CodingList& wanted);

  // What came of making it. Forgotten where the key's content is another one meanwhile, or gave way.
  void Keep(const Entry& entry, ContentCoding coding, EntryPtr form);
  void KeepNone(const Entry& entry);                      // compressing it does not pay
  void GiveUp(const Entry& entry, ContentCoding coding);  // the next who asks is to make it

  // A larger form is not kept: the others would all give way.
  std::size_t form_bytes_max() const { return bytes_max_ / 4; }

  std::size_t bytes() const { return bytes_; }
  std::uint64_t evictions() const { return evictions_; }

 private:
  struct Slot {
    Slot(std::string_view name, const ContentId& of) : key(name), content(of) {}

    std::size_t bytes() const;

    std::string key;
    ContentId content;
    std::array<EntryPtr, kCompressions> forms{};
    std::array<bool, kCompressions> in_making{};
    bool none_pays = false;
  };

  struct Stripe {
    Mutex mutex;
    std::list<Slot> slots KCK_GUARDED_BY(mutex);  // the last asked for first
    boost::unordered_map<std::string_view, std::list<Slot>::iterator> index KCK_GUARDED_BY(mutex);
  };

  static constexpr std::size_t kStripes = 16;

  std::size_t StripeOf(std::string_view key) const;
  // The slot of the entry's content, made where there is none; null where the key has a newer content.
  Slot* SlotOf(Stripe& stripe, const Entry& entry) KCK_REQUIRES(stripe.mutex);
  // Null where there is none.
  Slot* Look(Stripe& stripe, const Entry& entry) KCK_REQUIRES(stripe.mutex);
  // Makes room, beginning with the stripe that grew.
  void Shrink(std::size_t grown);

  const std::size_t bytes_max_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::uint64_t> evictions_{0};
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace kck
