// A store that several processes share: what one puts, the others get.
//
// Beyond a Store it says of an entry who made it (Entry::foreign), and keeps what all of them have to agree on:
// registers that are changed by compare-and-set, and numbers that only rise. Records stay each process's own.
//
// Threads and callbacks as for Store. The store need not be there: then calls fail with KCKStoreError, and what is
// asked once it is there succeeds.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "store/shared_marks.h"
#include "store/store.h"

namespace kck {

struct SharedEntry {
  EntryPtr entry;  // null: none
  KnownMarks known;
  std::string database;  // put: whose stamp it is
  KeyMarks marks;        // got: what its key is marked for, also where there is no entry
};

class SharedStore : public Store {
 public:
  using SharedGetCallback = std::function<void(Result<SharedEntry>)>;
  using RegisterCallback = std::function<void(Result<std::optional<std::string>>)>;
  using SwapCallback = std::function<void(Result<std::string>)>;
  using NumberCallback = std::function<void(Result<std::uint64_t>)>;

  SharedStore* shared() override { return this; }

  // By GetShared and PutShared.
  void Get(std::string key, std::uint64_t fingerprint, GetCallback done) final;
  void Put(std::string key, EntryPtr entry, PutCallback done) final;
  void PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) final;

  // As Get; as Put, and with a condition as PutIf. What cannot be computed again, a set or a purge, is not dropped
  // without a word where another process was there before: that is KCKVersionMismatch, and the caller makes it anew.
  virtual void GetShared(std::string key, std::uint64_t fingerprint, SharedGetCallback done) = 0;
  virtual void PutShared(std::string key, SharedEntry entry, std::optional<PutCondition> condition,
                         PutCallback done) = 0;

  // Marks a product's key; GetShared tells of it, also where no entry is there. Without a transaction, `done` gets a
  // number that is above all that anybody had read before the call; else 0. A number stands until the next one. A
  // transaction is forgotten with the put of a computed entry whose stamp sees it and all before it, or of any other
  // entry; what is put or read is not held against it here.
  virtual void MarkShared(std::string key, std::optional<MarkedTransaction> transaction, NumberCallback done) = 0;

  // A register: what is read was written before by somebody, and what was written before is read by everybody. Nothing
  // where it was never written. For what changes rarely.
  virtual void ReadRegister(std::string name, RegisterCallback done) = 0;

  // Writes `value` where the register still is `expected` (nothing: where it has no value). `done` gets what it holds
  // then: `value`, or what another wrote. It goes after `keep_s` seconds; 0: never.
  virtual void SwapRegister(std::string name, std::optional<std::string> expected, std::string value, int keep_s,
                            SwapCallback done) = 0;

  // A number that only rises: the highest that anybody raised it to. 0 where nobody did.
  virtual void ReadNumber(std::string name, NumberCallback done) = 0;
  virtual void RaiseNumber(std::string name, std::uint64_t number, PutCallback done) = 0;
};

}  // namespace kck
