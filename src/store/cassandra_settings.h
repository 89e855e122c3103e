// How a node reaches the shared store in Cassandra, and what bounds it keeps there.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "model/store_settings.h"
#include "store/cql_client.h"

namespace kck {

struct CassandraSettings {
  CqlSettings cql;
  std::string keyspace = "kck";  // a-z, 0-9 and _, at most 48
  std::string scope;             // whose records these are: the node's id
  // Copies, of which setting up makes the keyspace: in each data centre named, or, where none is, in the cluster.
  int replication_factor = 1;
  std::vector<std::pair<std::string, int>> datacenters;
};

// What kck.yml says, for the node of that id.
CassandraSettings CassandraSettingsOf(const CassandraStoreSettings& store, const std::string& node_id);

struct CassandraLimits {
  std::size_t writes_waiting_max = 16384;
  std::size_t write_bytes_waiting_max = std::size_t{64} << 20U;
  std::size_t writes_running_max = 256;    // of entries, at once
  std::size_t value_bytes_whole = 262144;  // a longer value is cut into parts of this
  // Of computed entries that Cassandra could not take: how long they are tried again, and the pauses between.
  int retry_for_ms = 120000;
  int retry_delay_min_ms = 100;
  int retry_delay_max_ms = 5000;
  // Of the log of records: when a new bucket begins.
  std::size_t log_bucket_rows_max = 100000;
  int log_bucket_age_s_max = 3600;
  int close_timeout_ms = 5000;  // Close waits so long for writes, and then fails what is left
};

}  // namespace kck
