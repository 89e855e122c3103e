// `store` of kck.yml: where entries are kept beyond memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/fault.h"

namespace kck {

// Of a cluster of Cassandra. docs/cluster.md tells what each is for.
struct CassandraStoreSettings {
  std::vector<std::string> hosts;  // "host" or "host:port"
  std::string user;                // empty: no login
  std::string password;            // never logged
  std::string keyspace;
  std::string consistency = "local_quorum";  // as kCassandraConsistencies
  // Copies, for `kck store setup`: in each data centre named, or, where none is, in the cluster.
  int replication_factor = 1;
  std::vector<std::pair<std::string, int>> datacenters;
  std::string local_datacenter;  // empty: all are alike
  bool tls = false;
  std::string ca_file;  // authorities in PEM form, absolute; empty: the system's
  bool verify_host = true;
  std::chrono::milliseconds request_timeout{2000};
  std::chrono::milliseconds recheck{1000};
  std::size_t rechecks_per_second_max = 2000;
  Location location;
};

// The words for consistency levels, in the order of CqlLevels in store/cassandra_settings.cc.
inline const std::vector<std::string> kCassandraConsistencies = {"one",    "local_one",    "two",         "three",
                                                                 "quorum", "local_quorum", "each_quorum", "all"};

struct StoreSettings {
  std::string kind = "rocksdb";  // rocksdb | memory | cassandra
  std::string path;              // of rocksdb; absolute, or relative to the folder of kck.yml, already joined
  std::shared_ptr<const CassandraStoreSettings> cassandra;  // null: another kind
};

}  // namespace kck
