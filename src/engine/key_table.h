// What the engine knows of a key beyond its entry: the flight under way, writes that wait, a mark, failures.
//
// Striped; the lock of a key's stripe is also the key's publish lock. Whatever puts into the hot tier or hands an entry
// to the store does both under it, so that both see one order.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text_map.h"
#include "base/thread_annotations.h"
#include "base/trace.h"
#include "engine/engine.h"
#include "engine/key_mark.h"
#include "store/shared_marks.h"

namespace kck {

// A request that waits for a flight. Answered once, by the flight or by its deadline, whichever comes first.
struct Waiter {
  // One of the two is set.
  Engine::FetchCallback done;
  Engine::RefreshedCallback refreshed;
  bool wants_new = false;        // asked for a refresh: a stale entry does not do, and an error is told
  WriteTokens after;             // an entry that does not show these writes does not do
  std::uint64_t newer_than = 0;  // nor one by a fill that began before this sequence
  int missed = 0;                // results of flights that did not
  HintPtr hint;                  // for the fill that it asks for; null: none
  TracePtr trace;                // of its request
  bool joined = false;           // the flight that it waits for is not its own
  Scheduler::TimerId timer = 0;
  std::optional<Served> fallback;  // served instead of an error or a time-out; guarded by the stripe's lock
  std::atomic<bool> answered{false};

  bool Sees(const Entry& entry) const {
    if (entry.began() < newer_than) return false;
    return std::ranges::all_of(after, [&entry](const WriteToken& token) { return Shows(entry, token); });
  }
};

using WaiterPtr = std::shared_ptr<Waiter>;

class FlightGroup;

// One compute of one key. All down to `waiters` is guarded by the stripe's lock.
struct Flight {
  ResolvedKey key;
  std::uint64_t fingerprint = 0;
  std::uint64_t sequence = 0;  // taken when it began
  TimePoint made_at;
  bool discarded = false;  // a set or a purge ended after it began: it serves its waiters and publishes nothing
  std::vector<WaiterPtr> waiters;

  // Set when it is made.
  Hints hints;
  std::shared_ptr<FlightGroup> group;  // null: it is computed alone, for those who wait
  TracePtr trace;                      // of the request that it was made for

  // Only the flight's own steps touch these, one after another.
  EntryPtr base;  // what the key held when it began: the version to beat, and the stale entry to fall back on
  bool base_unknown = false;  // the store did not say what it holds
  bool asked_epoch = false;   // it has waited for the epoch once
  std::uint32_t epoch_at_start = 0;
  std::uint64_t number_floor = 0;
  TimePoint compute_began;
  std::int64_t compute_began_unix_ms = 0;
  int attempts = 0;
  bool refreshes = false;     // somebody asked for it; told where the product has hooks
  std::uint32_t cost_us = 0;  // of all of them
  bool missed = false;        // what it brought is not published, or misses a change that others, or all keys, have
  // Of a store that processes share: what the key is marked for, and the number that the compute knew as it began.
  // The first is guarded by the stripe's lock.
  KeyMarks marks;
  std::uint64_t known_mark = 0;
};

using FlightPtr = std::shared_ptr<Flight>;

struct Backoff {
  Error error;
  int failures = 0;
  TimePoint retry_at;
};

struct KeyState {
  FlightPtr flight;  // the one to join; a discarded one that is still under way may have been replaced
  std::vector<WaiterPtr> next_waiters;       // want a flight that begins later than the present one
  std::optional<ResolvedKey> next_key;       // set where a flight has to follow the present one
  std::deque<std::function<void()>> writes;  // the first one is under way
  EntryPtr storing;                          // computed, and on its way to the store: what is read there may be older
  KeyMark mark;
  // Changes that may be under way: the mark's record stands in the store, so that a kill forgets none of them.
  std::size_t foretold = 0;
  bool noted = false;  // its record stands in the store, or is on its way there
  std::optional<Backoff> backoff;
  std::vector<std::function<void()>> rechecking;  // wait for a look at the store that is under way

  bool idle() const {
    return !flight && next_waiters.empty() && !next_key && writes.empty() && !storing && mark.empty() &&
           foretold == 0 && !backoff && rechecking.empty();
  }
};

class KeyTable {
 public:
  class Stripe {
   public:
    Mutex mutex;

    KeyState* Find(std::string_view key) KCK_REQUIRES(mutex) {
      auto found = states_.find(key);
      return found == states_.end() ? nullptr : &found->second;
    }

    KeyState& At(std::string_view key) KCK_REQUIRES(mutex) {
      auto found = states_.find(key);
      return found != states_.end() ? found->second : states_.emplace(std::string(key), KeyState{}).first->second;
    }

    // Forgets the key where nothing is known of it any more.
    void Tidy(std::string_view key) KCK_REQUIRES(mutex) {
      auto found = states_.find(key);
      if (found != states_.end() && found->second.idle()) states_.erase(found);
    }

    // The keys that are marked stale.
    std::vector<std::string> Marked() const KCK_REQUIRES(mutex) {
      std::vector<std::string> marked;
      for (const auto& [key, state] : states_) {
        if (!state.mark.empty()) marked.push_back(key);
      }
      return marked;
    }

    // Forgets failures whose back-off is over. Returns how many.
    std::size_t ForgetFailures(TimePoint now) KCK_REQUIRES(mutex);

   private:
    TextMap<KeyState> states_ KCK_GUARDED_BY(mutex);
  };

  std::array<Stripe, 256>& stripes() { return stripes_; }
  Stripe& Of(std::string_view key) { return stripes_[std::hash<std::string_view>{}(key) % kStripes]; }

  std::atomic<std::size_t> flights{0};
  std::atomic<std::size_t> writes{0};
  std::atomic<std::size_t> marks{0};
  std::atomic<std::size_t> storing{0};  // entries that the store has yet to answer for
  std::atomic<std::size_t> failures{0};

 private:
  static constexpr std::size_t kStripes = 256;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace kck
