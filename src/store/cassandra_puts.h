// One put of an entry, from the read of what is kept to the write: how each table decides what replaces what.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "store/entry_tables.h"
#include "store/store.h"
#include "store/write_clock.h"

namespace kck {

// What a put works with; all of it outlives the put.
struct PutTools {
  EntryTables& tables;
  const Scheduler& scheduler;
  WriteClock& clock;
};

struct EntryPut {
  std::string key;
  EntryPtr entry;
  std::optional<PutCondition> condition;
  OutcomeCallback<void> done;
  KnownMarks known{};
  std::string database{};  // whose stamp it is
};

// Puts the entry, where JudgePut lets it replace what is kept. A put of a computed entry that is dropped, since what is
// kept is newer, is no failure; of any other it is SupersededBefore. One put of a key at a time, of one store. `done`
// is called once, as the tables do.
//
// Of an entry of a product: whichever node writes when, the newest of all that were put is what is read (see there).
// The condition is judged by the read before the write, so it is atomic among the puts of this store alone: that nobody
// else writes the key meanwhile is up to whoever shares out the keys among nodes.
//
// Of an entry without a product: a lightweight transaction, and so atomic among all nodes.
void PutEntry(const PutTools& tools, EntryPut put);

// What is told of a put that was dropped.
Outcome<void> DroppedPut(const Entry& entry);

}  // namespace kck
