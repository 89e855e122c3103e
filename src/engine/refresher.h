// What the engine tells whoever keeps entries fresh: which keys are due, why, and what is known of the change.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/catalog.h"
#include "model/entry.h"
#include "model/hints.h"

namespace kck {

enum class RefreshReason : std::uint8_t {
  kStaleRead,  // somebody read it while it was stale
  kUpdate,     // a write through an updater
  kPrime,      // another product's key was computed
  kSchedule,   // every, cron or fresh
  kBoot,
  kDomain,   // its product's domain was walked, or has it new
  kHand,     // the HTTP API or the command line
  kRestored  // it was due when the process ended
};

std::string_view RefreshReasonName(RefreshReason reason);  // "update"

// Held by all that is due for one purpose; gone, and so told to its maker, once none of it is due any more.
struct RefreshTicket {
  virtual ~RefreshTicket() = default;
  std::atomic<std::size_t> failed{0};  // keys that became dead letters
};

struct RefreshWish {
  ResolvedKey key;  // its product is set
  RefreshReason reason = RefreshReason::kHand;
  std::string cause;  // what exactly, for people: "update airline/UA"; may be empty
  HintPtr hint;       // null: nothing is known of the change
  // A fill that began before this sequence does not do, even where the entry is fresh. 0: a fresh entry does.
  std::uint64_t newer_than = 0;
  std::shared_ptr<RefreshTicket> ticket;  // null: nobody waits for the end of it
};

// Any thread may call, also holding the lock of a key: nothing here waits, or calls the engine before it returns.
class Refresher {
 public:
  virtual ~Refresher() = default;

  // The key is to be computed. False: the bound is reached, and the key is not taken. What is marked stale is then
  // asked for again once there is room.
  virtual bool Want(RefreshWish wish) = 0;

  // A whole product was marked stale: one record, and its keys are due as they are read, or as its domain is walked.
  virtual void WantProduct(const ProductPtr& product, RefreshReason reason, const std::string& cause) = 0;

  // A stale key was read. True: it is due already, and the read counts as demand for it.
  virtual bool CountRead(std::string_view key) = 0;

  // An entry came into memory: from the store, or computed just now, in the place of `before` (null: nothing known).
  virtual void Kept(const ResolvedKey& key, const EntryPtr& entry, const EntryPtr& before, bool computed) = 0;
};

}  // namespace kck
