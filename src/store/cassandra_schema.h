// The tables in Cassandra: made by SetUpCassandra, held against what this program expects by the others.
//
// - entry: a partition a key, in it a row an entry, sorted by definition and then newest first (store/version_name.h).
// A
//   row is never written over by another entry. Each write takes along the rows that it supersedes.
// - chunk: the parts of values that are too long for one cell, each a partition of its own.
// - settable: the keys without a product, by lightweight transactions alone.
// - record: records, by scope (the node) and a bucket of the name's hash.
// - register: what all nodes agree on, by lightweight transactions alone.
// - highest: numbers that only rise. Each is its own time stamp, so that of all writes the highest is what stays.
// - layout: the version of all this.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "base/scheduler.h"
#include "store/cassandra_settings.h"

namespace kck {

inline constexpr int kCassandraLayout = 2;

// Why these settings cannot be meant; nothing where they can.
Result<void> ValidateCassandra(const CassandraSettings& settings);

// Makes what is absent of the keyspace and the tables, and leaves what is there. Blocks.
Result<void> SetUpCassandra(Scheduler& scheduler, const CassandraSettings& settings);

// KCKStoreError: what is missing or of another version, and the cure. Blocks.
Result<void> CheckCassandra(Scheduler& scheduler, const CassandraSettings& settings);

// The same over a client that is connected, without blocking.
void CheckLayout(CqlClient& client, const std::string& keyspace, std::function<void(Result<void>)> done);

}  // namespace kck
