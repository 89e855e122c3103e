#include "store/cassandra_settings.h"

#include <algorithm>
#include <array>

namespace kck {
namespace {

// In the order of kCassandraConsistencies.
constexpr std::array kLevels = {CqlConsistency::kOne,        CqlConsistency::kLocalOne, CqlConsistency::kTwo,
                                CqlConsistency::kThree,      CqlConsistency::kQuorum,   CqlConsistency::kLocalQuorum,
                                CqlConsistency::kEachQuorum, CqlConsistency::kAll};

}  // namespace

CassandraSettings CassandraSettingsOf(const CassandraStoreSettings& store, const std::string& node_id) {
  CassandraSettings settings;
  settings.cql.contact_points = store.hosts;
  settings.cql.user = store.user;
  settings.cql.password = store.password;
  settings.cql.tls = store.tls;
  settings.cql.ca_file = store.ca_file;
  settings.cql.verify_host = store.verify_host;
  settings.cql.local_datacenter = store.local_datacenter;
  settings.cql.request_timeout_ms = static_cast<int>(store.request_timeout.count());
  const auto level = std::ranges::find(kCassandraConsistencies, store.consistency) - kCassandraConsistencies.begin();
  settings.cql.consistency = kLevels.at(static_cast<std::size_t>(level));
  settings.keyspace = store.keyspace;
  settings.scope = node_id;
  settings.replication_factor = store.replication_factor;
  settings.datacenters = store.datacenters;
  return settings;
}

}  // namespace kck
