// A Cassandra cluster of a test's own: in a temporary folder, on free ports of 127.0.0.1, .2, …; run by
// tools/cassandra.
#pragma once

#include <string>
#include <vector>

#include "testing/temp_folder.h"

namespace kck {

struct CassandraOptions {
  int nodes = 1;
  bool authentication = false;  // user cassandra, password cassandra
  std::string certificate;      // in PEM form, as TestPair makes them; with both, clients must use TLS
  std::string key;
};

// Starts in the constructor, which returns once every node serves and sees all the others; the destructor kills the
// nodes and removes the folder. Nodes are numbered from 1; node I listens on 127.0.0.I, all on the same port. Each call
// blocks, throws std::runtime_error with what tools/cassandra says where it fails, and may come from any thread, one at
// a time. The nodes also end when this process does, however that comes. The first cluster on a machine takes a minute
// more, since it fetches Cassandra.
class CassandraServer {
 public:
  explicit CassandraServer(const CassandraOptions& options = {});
  ~CassandraServer();
  CassandraServer(const CassandraServer&) = delete;
  CassandraServer& operator=(const CassandraServer&) = delete;

  // "127.0.0.1:9142,127.0.0.2:9142,…", of all nodes, those that are down among them.
  std::string contact_points() const { return contact_points_; }

  void Kill(int node);
  // What was acknowledged before stays.
  void KillAll();
  // In order: what it was asked before is answered.
  void Stop(int node);
  // Returns once it serves, and where all others run, once each node sees all the others.
  void Start(int node);
  // All that are down, at once: with authentication, one alone of several lets nobody in.
  void StartAll();
  // The node keeps its connections and says nothing, until it is resumed.
  void Pause(int node);
  void Resume(int node);

  // The number of a further node, which has joined and fetched its share. All others must run.
  int Add();
  // The node hands its share to the others and is gone for good.
  void Decommission(int node);

 private:
  // What the command prints.
  std::string Run(const std::string& command, std::vector<std::string> arguments = {}) const;
  void ReadContactPoints();

  TempFolder folder_;
  std::string contact_points_;
};

// What the tests of a program share: one node or, at night, as many as KCK_CASSANDRA_NODES says. It starts when first
// asked for, and is up whenever a test leaves it so.
CassandraServer& SharedCassandraServer();
int SharedCassandraNodes();

}  // namespace kck
