// The store: entries kept beyond this process's memory, and small records that must survive it.
//
// One contract for every implementation (store/store_conformance_test.cc holds them to it; the one that nodes share
// keeps to it in words of its own where it says so, store/cassandra_store.h):
// - Put keeps the newer of two entries of one key and definition (Supersedes), whatever order they arrive in.
// - An entry past its life is never returned.
// - A callback of a write runs once the write is durable: it survives the process being killed at once after. A set, a
//   tombstone and a record survive a power failure too; of computed entries, and of records that went, the last may be
//   undone by one, but none before a write that survived.
// - Callbacks run exactly once, on a thread of the store or of its scheduler, never inside the call.
// - Queues are bounded: at the bound a call fails with KCKOverloaded.
// - An entry that is damaged on disk counts as none; health() counts it.
// Keys are canonical (model/product_key.h), so they hold no zero byte.
// Any thread may call. The caller keeps the Store until every callback has run; Close() waits for that.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/entry.h"

namespace kck {

class SharedStore;

// What a compare-and-set demands of the entry that it replaces.
struct PutCondition {
  Version content_version;
};

// Counted since the store was opened, but for what waits now.
struct StoreHealth {
  std::uint64_t damaged = 0;          // reads that met a damaged entry
  std::uint64_t set_aside = 0;        // times that the files were so damaged that a new, empty store took their place
  bool connected = true;              // false: it is not reached now
  std::size_t writes_waiting = 0;     // of entries, for a store that is not reached
  std::uint64_t writes_given_up = 0;  // of computed entries, which waited too long
};

class Store {
 public:
  using GetCallback = std::function<void(Result<EntryPtr>)>;  // null: none
  using PutCallback = std::function<void(Result<void>)>;      // KCKVersionMismatch: the condition did not hold
  using RecordsCallback = std::function<void(Result<std::vector<std::pair<std::string, std::string>>>)>;

  virtual ~Store() = default;

  // The entry of `key` made by definition `fingerprint`; where there is none, the newest one by another definition of
  // that key (its Entry::fingerprint tells). Tombstones are returned.
  virtual void Get(std::string key, std::uint64_t fingerprint, GetCallback done) = 0;

  // Keeps `entry` under its fingerprint, and forgets entries of the key by other definitions. An entry that is
  // superseded by the one kept is dropped without an error.
  virtual void Put(std::string key, EntryPtr entry, PutCallback done) = 0;

  // As Put, where the kept entry of that fingerprint has the demanded content version, and is no tombstone; judged and
  // written as one step. An entry that is superseded by the one kept is a mismatch as well.
  virtual void PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) = 0;

  // Small named values of KCK's own (marks, epochs, the sequence). Names are plain text; the latest write wins.
  virtual void PutRecord(std::string name, std::string value, PutCallback done) = 0;
  virtual void DeleteRecord(std::string name, PutCallback done) = 0;
  virtual void GetRecords(std::string prefix, RecordsCallback done) = 0;

  // Finishes every write, then returns. Calls after it fail with KCKStoreError.
  virtual void Close() = 0;

  // Any thread.
  virtual StoreHealth health() const { return {}; }

  // The same store, where other processes read and write it as well; else null.
  virtual SharedStore* shared() { return nullptr; }
};

}  // namespace kck
