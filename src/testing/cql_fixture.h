// What tests of Cassandra's client share: a cluster, a keyspace in it, and a client that is connected.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/cql_client.h"
#include "testing/thread_scheduler.h"

namespace kck {

// A variable of the environment; throws where it is not set.
std::string TestEnvironment(const char* name);

// Three nodes, counted from 1. Whoever stops one starts it again.
class TestCluster {
 public:
  TestCluster();  // throws where the environment names no cluster

  std::vector<std::string> contact_points() const { return contact_points_; }
  void Kill(int node) { Control("kill", node); }
  void Start(int node) { Control("start", node); }  // returns when it answers
  void Pause(int node) { Control("pause", node); }
  void Resume(int node) { Control("resume", node); }

 private:
  void Control(const std::string& what, int node);

  std::vector<std::string> contact_points_;
  std::string program_;
};

TestCluster& SharedCluster();

// Longer than anything that goes well takes.
inline constexpr auto kCqlPatience = std::chrono::seconds(90);

// Asks until it is so; false where it does not become so in time.
bool BecomesTrue(const std::function<bool()>& condition);

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
