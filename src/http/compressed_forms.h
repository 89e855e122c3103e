// Compressed forms of entries' bodies: each made once a content and coding, kept in memory and in the store.
//
// The body of an entry follows from its content alone, and a renewal keeps the content, so its forms stay as its ETag
// does. Nobody waits for a form: who asks for one that is not there is answered without it, and it is looked for in the
// store, or made, on a thread of this class's own, which has a lower priority than those that answer. A form is found
// by the content that it was made of, so that none is ever sent for another.
//
// In the store a form is an entry under a name that no key can have: a byte 1, the coding, a colon, the key. Its
// version and definition are the content's; its value is the body's hash (8 bytes) and the form, or the hash alone
// where compressing does not pay.
//
// Any thread may call. Scheduler, store and the sources of entries outlive it; it goes when no callback of the store
// can come any more.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>

#include "base/scheduler.h"
#include "http/form_table.h"
#include "store/bounded_queue.h"
#include "store/store.h"

namespace kck {

struct CompressionCounters {
  std::array<std::atomic<std::uint64_t>, kCompressions> made{};  // by coding
  std::atomic<std::uint64_t> loaded{0};                          // found in the store
  std::atomic<std::uint64_t> unpaid{0};                          // tries that made too little smaller
  std::atomic<std::uint64_t> dropped{0};                         // not made, since too much waited
  std::atomic<std::uint64_t> time_us{0};                         // of making, summed
};

class CompressedForms {
 public:
  // Larger values are sent as they are.
  static constexpr std::size_t kValueBytesMax = std::size_t{64} << 20U;

  // A body in a coding; as it is where `owner` is null.
  struct Form {
    ContentCoding coding = ContentCoding::kIdentity;
    std::string_view bytes;
    EntryPtr owner;  // of the bytes
  };

  CompressedForms(Scheduler& scheduler, Store& store, const CompressionSettings& settings, bool compat_06);
  ~CompressedForms();
  CompressedForms(const CompressedForms&) = delete;
  CompressedForms& operator=(const CompressedForms&) = delete;

  const std::vector<ContentCoding>& codings() const { return settings_.codings; }
  bool Compresses(std::size_t value_bytes) const {
    return value_bytes >= settings_.bytes_min && value_bytes <= kValueBytesMax;
  }

  // The best of the wanted forms that is there; has the best one made where that is not. `wanted` is not empty.
  Form Find(const EntryPtr& entry, const CodingList& wanted, TimePoint now);

  // Makes no more forms; returns when none is under way. Before the store closes.
  void Stop();

  const CompressionCounters& counters() const { return counters_; }
  std::size_t memory_bytes() const { return table_.bytes(); }
  std::uint64_t evictions() const { return table_.evictions(); }

 private:
  // A form that is wanted. Where the store has been asked, what it had: null for nothing.
  struct Job {
    EntryPtr entry;
    ContentCoding coding;
    std::optional<EntryPtr> stored;
  };

  void Run();
  void Queue(Job job);
  void Load(Job job);
  void Make(const Job& job);
  void Place(const Job& job, const EntryPtr& form);
  void Renew(const Entry& entry, ContentCoding coding, const EntryPtr& form);
  void Keep(const EntryPtr& form);
  std::string BodyOf(const Entry& entry) const;

  Scheduler& scheduler_;
  Store& store_;
  const CompressionSettings settings_;
  const bool compat_06_;
  FormTable table_;
  CompressionCounters counters_;
  BoundedQueue<Job> jobs_;
  std::thread maker_;
};

}  // namespace kck
