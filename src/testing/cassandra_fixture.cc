#include "testing/cassandra_fixture.h"

#include <algorithm>
#include <boost/algorithm/string/replace.hpp>
#include <future>
#include <stdexcept>

#include "store/cassandra_schema.h"
#include "testing/cassandra_server.h"
#include "testing/cql_fixture.h"

namespace kck {
namespace {

// Another one where a test is repeated.
std::string RunningTest() {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  return fmt::format("{}.{}.{}", test->test_suite_name(), test->name(), test->result()->start_timestamp());
}

CassandraSettings WithoutTables() {
  CassandraSettings settings;
  settings.cql.contact_points = ContactPoints(SharedCassandraServer());
  settings.cql.request_timeout_ms = 20000;  // the machine may be busy with other things
  settings.cql.connect_timeout_ms = 20000;
  settings.keyspace = "kck_store_test";
  settings.replication_factor = std::min(SharedCassandraNodes(), 3);
  settings.scope = RunningTest();
  return settings;
}

void Demand(const Result<void>& done) {
  if (!done) throw std::runtime_error(done.error().message);
}

}  // namespace

CassandraSettings TestCassandra() {
  static const bool made = [] {
    ThreadScheduler scheduler;
    Demand(SetUpCassandra(scheduler, WithoutTables()));
    return true;
  }();
  static_cast<void>(made);
  return WithoutTables();
}

std::string TestKey(const std::string& name) { return fmt::format("{}/{}", RunningTest(), name); }

void AwaitConnected(const CassandraStore& store) {
  if (BecomesTrue([&store] { return store.cassandra_health().connected; })) return;
  throw std::runtime_error("the store was not connected: " + store.cassandra_health().why_not);
}

std::unique_ptr<CassandraStore> OpenTestStore(Scheduler& scheduler, const CassandraLimits& limits) {
  auto store = OpenCassandraStore(TestCassandra(), scheduler, limits);
  if (!store) throw std::runtime_error(store.error().message);
  AwaitConnected(**store);
  return *std::move(store);
}

std::vector<std::string> CassandraStoreTest::Cql(std::string_view text) {
  const CassandraSettings settings = TestCassandra();
  if (!client_) {
    client_ = std::make_unique<CqlClient>(scheduler_, settings.cql);
    Demand(client_->Connect());
  }
  std::promise<CqlResult> promise;
  std::future<CqlResult> future = promise.get_future();
  client_->Query(boost::algorithm::replace_all_copy(std::string(text), "{}", settings.keyspace), {},
                 [&promise](CqlResult result) { promise.set_value(std::move(result)); });
  const CqlResult result = future.get();
  if (!result.ok()) throw std::runtime_error(std::string(result.message()));
  std::vector<std::string> column;
  for (std::uint32_t row = 0; row < result.rows(); ++row) column.emplace_back(result.Bytes(row, 0));
  return column;
}

}  // namespace kck
