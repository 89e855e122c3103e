#include "testing/cql_fixture.h"

#include <boost/algorithm/string/split.hpp>
#include <future>
#include <stdexcept>

namespace kck {
namespace {

// Once a program: every test finds the same tables.
void MakeTables(CqlClient& client) {
  static bool made = false;
  if (std::exchange(made, true)) return;
  const CqlOptions patient{.timeout_ms = 60000};
  for (const char* cql : {
           "drop keyspace if exists kck_cql_test",
           "create keyspace kck_cql_test with replication = {'class': 'SimpleStrategy', 'replication_factor': 3}",
           // Tests of the client have silent nodes: which replica the node that is asked asks is to be no part of that.
           "create table kck_cql_test.item (k text primary key, v blob, n bigint, i int, b boolean) "
           "with speculative_retry = 'ALWAYS'",
           "create table kck_cql_test.line (k text, c int, v text, primary key (k, c))",
       }) {
    const auto done = client.Query(cql, patient);
    if (!done) throw std::runtime_error(done.error().message);
  }
}

}  // namespace

CassandraServer& SharedCluster() {
  static CassandraServer cluster({.nodes = 3, .certificate = "", .key = ""});
  return cluster;
}

std::vector<std::string> ContactPoints(const CassandraServer& server) {
  std::vector<std::string> points;
  boost::algorithm::split(points, server.contact_points(), [](char letter) { return letter == ','; });
  return points;
}

CqlSettings CqlTest::Settings() {
  CqlSettings settings;
  settings.contact_points = ContactPoints(SharedCluster());
  settings.connect_timeout_ms = 20000;
  settings.request_timeout_ms = 20000;  // the machine may be busy with other things
  return settings;
}

CqlResult CqlTest::Await(const std::function<void(CqlClient::Callback)>& start) {
  auto promise = std::make_shared<std::promise<CqlResult>>();
  std::future<CqlResult> future = promise->get_future();
  start([promise](CqlResult result) { promise->set_value(std::move(result)); });
  if (future.wait_for(kPatience) != std::future_status::ready) throw std::runtime_error("no callback came");
  return future.get();
}

CqlTest::CqlTest() {
  const auto connected = client_.Connect();
  if (!connected) throw std::runtime_error(connected.error().message);
  MakeTables(client_);
}

CqlStatementPtr CqlTest::Prepare(const std::string& cql) {
  auto prepared = client_.Prepare(cql);
  if (!prepared) throw std::runtime_error(prepared.error().message);
  return *prepared;
}

CqlResult CqlTest::Execute(const CqlStatementPtr& statement, const std::vector<CqlValue>& values,
                           const CqlOptions& options) {
  return Await([&](CqlClient::Callback done) { client_.Execute(statement, values, options, std::move(done)); });
}

std::string CqlTest::Key(const std::string& name) {
  return fmt::format("{}/{}", testing::UnitTest::GetInstance()->current_test_info()->name(), name);
}

}  // namespace kck
