// What tests of Cassandra's client share: a cluster, a keyspace in it, and a client that is connected.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/cql_client.h"
#include "testing/cassandra_server.h"
#include "testing/patience.h"
#include "testing/thread_scheduler.h"

namespace kck {

// Three nodes, which start with the first test that asks for them. Whoever stops one starts it again.
CassandraServer& SharedCluster();

// Where each of its nodes listens.
std::vector<std::string> ContactPoints(const CassandraServer& server);

class CqlTest : public testing::Test {
 protected:
  static CqlSettings Settings();

  // Waits for the one result, which comes on the scheduler's thread.
  static CqlResult Await(const std::function<void(CqlClient::Callback)>& start);

  CqlTest();

  CqlStatementPtr Prepare(const std::string& cql);
  CqlResult Execute(const CqlStatementPtr& statement, const std::vector<CqlValue>& values,
                    const CqlOptions& options = {});
  CqlResult Execute(const std::string& cql, const std::vector<CqlValue>& values, const CqlOptions& options = {}) {
    return Execute(Prepare(cql), values, options);
  }

  // A key that no other test, nor another run, uses.
  static std::string Key(const std::string& name = "");

  ThreadScheduler scheduler_;
  CqlClient client_{scheduler_, Settings()};
};

}  // namespace kck
