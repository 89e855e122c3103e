#include "store/cassandra_schema.h"

#include <algorithm>
#include <array>
#include <future>

namespace kck {
namespace {

constexpr const char* kCure = "run `kck store setup`";

// Of what is written under a replica that is away, a day's worth comes back with hints and a repair a day; deletions
// must be remembered as long. Lightweight transactions never rely on it, and keep Cassandra's own ten days.
//
// Compaction by levels, in the unified strategy: a key that is refilled leaves rows behind, and a read has to look into
// every table that has one of them, so few tables at the cost of more writing. Parts are written once under a name
// that never comes again, and mostly expire: tiers, which write them the least often.
//
// The log of records is written in the order of time and goes as a whole, so it lies in windows of time.
constexpr std::array<const char*, 9> kStatements = {
    "CREATE TABLE IF NOT EXISTS {0}.entry (key text, fingerprint bigint, version blob, cell blob, mark bigint static, "
    "forgotten text static, "
    "PRIMARY KEY (key, fingerprint, version)) WITH CLUSTERING ORDER BY (fingerprint ASC, version DESC) "
    "AND compaction = {{'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'L4'}} "
    "AND gc_grace_seconds = 86400",
    "CREATE TABLE IF NOT EXISTS {0}.chunk (key text, fingerprint bigint, id blob, part int, data blob, "
    "PRIMARY KEY ((key, fingerprint, id, part))) "
    "WITH compaction = {{'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}} "
    "AND gc_grace_seconds = 86400",
    "CREATE TABLE IF NOT EXISTS {0}.settable (key text PRIMARY KEY, cell blob) "
    "WITH compaction = {{'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'L4'}}",
    "CREATE TABLE IF NOT EXISTS {0}.log (scope text, bucket bigint, at bigint, name text, value blob, "
    "PRIMARY KEY ((scope, bucket), at, name)) "
    "WITH compaction = {{'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'DAYS', "
    "'compaction_window_size': 3}} AND gc_grace_seconds = 86400",
    "CREATE TABLE IF NOT EXISTS {0}.register (name text PRIMARY KEY, value blob)",
    "CREATE TABLE IF NOT EXISTS {0}.highest (name text PRIMARY KEY, number bigint)",
    "CREATE TABLE IF NOT EXISTS {0}.layout (id int PRIMARY KEY, version int)",
    // From version 1, which no release had. What it held is not read any more: it is computed again.
    "ALTER TABLE {0}.entry ADD IF NOT EXISTS (cell blob, mark bigint static, forgotten text static)",
    "ALTER TABLE {0}.settable ADD IF NOT EXISTS cell blob",
};

std::string Replication(const CassandraSettings& settings) {
  if (settings.datacenters.empty()) {
    return fmt::format("'class': 'SimpleStrategy', 'replication_factor': {}", settings.replication_factor);
  }
  std::string text = "'class': 'NetworkTopologyStrategy'";
  for (const auto& [name, copies] : settings.datacenters) text += fmt::format(", '{}': {}", name, copies);
  return text;
}

Failure CannotBe(std::string_view what, std::string_view cure) {
  return Fail(ErrorCode::kStoreError, fmt::format("the store's settings: {}: {}", what, cure));
}

bool IsSmallName(const std::string& name) {
  const auto fits = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
  };
  return !name.empty() && name.size() <= 48 && name[0] >= 'a' && name[0] <= 'z' && std::ranges::all_of(name, fits);
}

bool MayStandInQuotes(const std::string& name) {
  return !name.empty() && std::ranges::none_of(name, [](char letter) { return letter == '\'' || letter == '\\'; });
}

Result<void> Run(CqlClient& client, const std::string& cql) {
  // Nodes that are busy take long to agree on a change of the schema.
  const CqlOptions patient{.timeout_ms = 60000};
  Result<void> done = client.Query(cql, patient);
  if (!done) done.error().message = fmt::format("setting up the store failed: {}", done.error().message);
  return done;
}

Result<void> JudgeLayout(const std::string& keyspace, const CqlResult& found) {
  if (found.status() == CqlStatus::kBadRequest) {
    return Fail(ErrorCode::kStoreError, fmt::format("Cassandra has no tables of KCK in the keyspace {}: {} ({})",
                                                    keyspace, kCure, found.message()));
  }
  if (!found.ok()) return Failure(found.error());
  if (found.rows() == 0) {
    return Fail(ErrorCode::kStoreError,
                fmt::format("the keyspace {} was not set up to the end: {} again", keyspace, kCure));
  }
  const int version = found.Int(0, 0).value_or(0);
  if (version == kCassandraLayout) return {};
  const char* cure = version > kCassandraLayout ? "start a newer version of KCK, or name another keyspace" : kCure;
  return Fail(ErrorCode::kStoreError, fmt::format("the tables in the keyspace {} are of version {}, and this program "
                                                  "knows version {}: {}",
                                                  keyspace, version, kCassandraLayout, cure));
}

Result<void> CheckLayout(CqlClient& client, const std::string& keyspace) {
  std::promise<Result<void>> checked;
  std::future<Result<void>> result = checked.get_future();
  CheckLayout(client, keyspace, [&checked](Result<void> verdict) { checked.set_value(std::move(verdict)); });
  return result.get();
}

}  // namespace

Result<void> ValidateCassandra(const CassandraSettings& settings) {
  if (settings.cql.contact_points.empty()) return CannotBe("no node is named", "name one host at least");
  if (!IsSmallName(settings.keyspace)) {
    return CannotBe(fmt::format("the keyspace is '{}'", settings.keyspace),
                    "write a letter, then letters, digits and _, all small, 48 at most");
  }
  if (settings.scope.empty()) return CannotBe("the node has no id", "give it one");
  if (settings.replication_factor < 1) return CannotBe("there are to be no copies", "write a number of 1 or more");
  for (const auto& [name, copies] : settings.datacenters) {
    if (!MayStandInQuotes(name) || copies < 1) {
      return CannotBe(fmt::format("the data centre '{}' with {} copies", name, copies),
                      "write its name as Cassandra has it, and a number of 1 or more");
    }
  }
  return {};
}

Result<void> SetUpCassandra(Scheduler& scheduler, const CassandraSettings& settings) {
  if (Result<void> valid = ValidateCassandra(settings); !valid) return valid;
  CqlClient client(scheduler, settings.cql);
  if (Result<void> connected = client.Connect(); !connected) return connected;
  Result<void> done = Run(client, fmt::format("CREATE KEYSPACE IF NOT EXISTS {} WITH replication = {{{}}}",
                                              settings.keyspace, Replication(settings)));
  for (const char* statement : kStatements) {
    if (done) done = Run(client, fmt::format(fmt::runtime(statement), settings.keyspace));
  }
  // Last, so that what was set up halfway is known for it. Of a later version, it stays: that is for Check to tell.
  for (const char* statement : {"INSERT INTO {0}.layout (id, version) VALUES (0, {1}) IF NOT EXISTS",
                                "UPDATE {0}.layout SET version = {1} WHERE id = 0 IF version < {1}"}) {
    if (done) done = Run(client, fmt::format(fmt::runtime(statement), settings.keyspace, kCassandraLayout));
  }
  if (!done) return done;
  return CheckLayout(client, settings.keyspace);
}

Result<void> CheckCassandra(Scheduler& scheduler, const CassandraSettings& settings) {
  if (Result<void> valid = ValidateCassandra(settings); !valid) return valid;
  CqlClient client(scheduler, settings.cql);
  if (Result<void> connected = client.Connect(); !connected) return connected;
  return CheckLayout(client, settings.keyspace);
}

void CheckLayout(CqlClient& client, const std::string& keyspace, std::function<void(Result<void>)> done) {
  client.Query(fmt::format("SELECT version FROM {}.layout WHERE id = 0", keyspace), {},
               [keyspace, done = std::move(done)](const CqlResult& found) { done(JudgeLayout(keyspace, found)); });
}

}  // namespace kck
