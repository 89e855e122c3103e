// Which keys were computed from which: of products that read others as they are computed (kck.get in Python).
//
// A read is known from the moment at which it is asked for, so that a change of what is read meets whoever reads it,
// though its compute has not ended. Once it has, the reads that it made replace those of the compute before.
//
// Who waits for the very compute that changes what it reads gets that, and is not due after it.
//
// Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text_map.h"
#include "base/thread_annotations.h"

namespace kck {

class Dependencies {
 public:
  // `reads_max` bounds the reads of all keys together.
  explicit Dependencies(std::size_t reads_max) : reads_max_(reads_max) {}

  enum class Verdict {
    kNoted,
    kCycle,  // what is to be read is computed from the reader
    kFull,   // there is no room: a change of what is read would not meet the reader
  };

  // `key`, by the definition `fingerprint`, is about to read `read`. What is noted has its End.
  Verdict Begin(const std::string& key, std::uint64_t fingerprint, const std::string& read) KCK_EXCLUDES(mutex_);

  // `key` has got what it read. `by_compute`: what a compute brought that it waited for. True where something that it
  // did not get was published meanwhile, of which it was not told as a dependent: it is due.
  bool End(const std::string& key, const std::string& read, bool by_compute) KCK_EXCLUDES(mutex_);

  // `key` was computed from these. True where that is another set than was last kept: a record is to be made of it.
  bool Keep(const std::string& key, std::uint64_t fingerprint, const std::vector<std::string>& reads)
      KCK_EXCLUDES(mutex_);

  // What `key` was computed from, or is about to read.
  std::vector<std::string> ReadsOf(const std::string& key) const KCK_EXCLUDES(mutex_);
  // Those that were computed from `read`.
  std::vector<std::string> DependentsOf(const std::string& read) const KCK_EXCLUDES(mutex_);
  // The same without those that wait for it.
  std::vector<std::string> DependentsNotWaiting(const std::string& read) const KCK_EXCLUDES(mutex_);
  // The same, of what was just published: counts that those who wait were passed over. Once for each publish.
  std::vector<std::string> DependentsOfPrime(const std::string& read) KCK_EXCLUDES(mutex_);
  bool empty() const KCK_EXCLUDES(mutex_);

  // What is left of a cycle, for people: "a → b → a". After kCycle.
  std::string CycleText(const std::string& key, const std::string& read) const KCK_EXCLUDES(mutex_);

  // A record's value, and what it says. False: it says nothing.
  static std::string RecordText(std::uint64_t fingerprint, const std::vector<std::string>& reads);
  bool Restore(const std::string& key, std::string_view record) KCK_EXCLUDES(mutex_);

 private:
  struct Reads {
    std::uint64_t fingerprint = 0;
    std::set<std::string, std::less<>> now;  // with those that are under way
    std::vector<std::string> kept;           // of the last compute, sorted
  };
  // A reader that has not got what it reads.
  struct Waiting {
    int reads = 0;
    int passed_over = 0;  // primes that did not make it due
  };

  std::vector<std::string> NotWaiting(const std::string& read) const KCK_REQUIRES(mutex_);
  std::vector<std::string> PathFrom(const std::string& from, const std::string& to) const KCK_REQUIRES(mutex_);
  void Add(const std::string& key, Reads& reads, const std::string& read) KCK_REQUIRES(mutex_);
  void Remove(const std::string& key, Reads& reads, const std::string& read) KCK_REQUIRES(mutex_);

  const std::size_t reads_max_;
  mutable Mutex mutex_;
  TextMap<Reads> reads_ KCK_GUARDED_BY(mutex_);                                            // by who reads
  TextMap<std::set<std::string, std::less<>>> readers_ KCK_GUARDED_BY(mutex_);             // by what is read
  std::map<std::pair<std::string, std::string>, Waiting> waiting_ KCK_GUARDED_BY(mutex_);  // by reader and read
  std::size_t count_ KCK_GUARDED_BY(mutex_) = 0;
};

}  // namespace kck
