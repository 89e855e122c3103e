// A store in Apache Cassandra 5, which the nodes of a cluster share.
//
// It keeps to the contract of SharedStore, with these words in place of others there:
// - Durable is what the consistency level says: written to the log of so many replicas. Cassandra syncs its log every
//   ten seconds unless its commitlog_sync says otherwise, so that a power failure of all of them at once may undo what
//   they had not synced. A replica alone undoes nothing.
// - Entries of two definitions live side by side, since nodes change to a new one at different times: a put forgets
//   those by others a day after they were written.
// - Entries with and without a product (fingerprint 0) are apart, and never stand in for each other: the engine takes
//   neither for the other.
// - PutIf of a product's key is one step among the writes of this Store alone (store/cassandra_puts.h).
// - Of two computed entries that wait for one key, the newer alone is written; both callbacks tell its end.
// - Close waits for what is under way within its limit, and fails the rest.
// Get, PutIf, and what writes no computed entry end within a few of the client's time-outs, with KCKStoreError where
// Cassandra is away. Computed entries are tried again meanwhile (CassandraLimits::retry_for_ms).
#pragma once

#include <memory>

#include "store/cassandra_settings.h"
#include "store/shared_store.h"

namespace kck {

struct CassandraHealth {
  // To one node at least, with the tables as expected, and the last requests did not all fail for want of an answer.
  bool connected = false;
  std::int64_t connected_at_unix_ms = 0;  // when the store was first; 0: never
  std::string why_not;                    // the last attempt's error, until it was
  std::size_t writes_waiting = 0;         // of entries, with those under way
  std::size_t write_bytes_waiting = 0;
  std::uint64_t writes_given_up = 0;  // of computed entries, since Cassandra was away too long
};

class CassandraStore : public SharedStore {
 public:
  // Any thread.
  virtual CassandraHealth cassandra_health() const = 0;
};

// Succeeds without Cassandra: it is reached in the background, and tried until it is. Fails where the settings cannot
// be meant. The tables are SetUpCassandra's (store/cassandra_schema.h). The scheduler outlives the store; Close is not
// called from one of its threads.
Result<std::unique_ptr<CassandraStore>> OpenCassandraStore(const CassandraSettings& settings, Scheduler& scheduler,
                                                           const CassandraLimits& limits = {});

}  // namespace kck
