// What tests of the store in Cassandra share: SharedCassandraServer, which starts with the first test that needs it,
// and in it one keyspace, with a copy on each of three nodes where there are as many, set up by the same code as a
// user's.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "store/cassandra_store.h"
#include "testing/blocking_store.h"
#include "testing/patience.h"
#include "testing/thread_scheduler.h"

namespace kck {

// Of that cluster and keyspace; the scope is the running test's own.
CassandraSettings TestCassandra();

// A name for keys that no other test uses: tests share the tables, since to make or empty them takes longer than a
// test.
std::string TestKey(const std::string& name = "");

// Waits until the store is connected; throws where it does not come to be.
void AwaitConnected(const CassandraStore& store);

std::unique_ptr<CassandraStore> OpenTestStore(Scheduler& scheduler, const CassandraLimits& limits = {});

class CassandraStoreTest : public testing::Test {
 protected:
  // Runs a statement, {} for the keyspace, and returns the first column as text, row by row; fails where it fails.
  std::vector<std::string> Cql(std::string_view text);

  ThreadScheduler scheduler_;

 private:
  std::unique_ptr<CqlClient> client_;
};

}  // namespace kck
