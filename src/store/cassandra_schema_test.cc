#include "store/cassandra_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/cassandra_fixture.h"
#include "testing/entries.h"

namespace kck {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string ErrorOf(const Result<void>& result) { return result ? "none" : result.error().message; }

class CassandraSchemaTest : public CassandraStoreTest {
 protected:
  CassandraSchemaTest() { settings_.keyspace = "kck_schema_test"; }
  ~CassandraSchemaTest() override { Cql("DROP KEYSPACE IF EXISTS kck_schema_test"); }

  CassandraSettings settings_ = TestCassandra();
};

TEST_F(CassandraSchemaTest, SaysWhatIsMissingUntilItIsSetUp) {
  const std::string cure = "`kck store setup`";
  EXPECT_THAT(ErrorOf(CheckCassandra(scheduler_, settings_)), AllOf(HasSubstr("kck_schema_test"), HasSubstr(cure)));
  EXPECT_EQ(ErrorOf(SetUpCassandra(scheduler_, settings_)), "none");
  EXPECT_EQ(ErrorOf(CheckCassandra(scheduler_, settings_)), "none");
  EXPECT_EQ(ErrorOf(SetUpCassandra(scheduler_, settings_)), "none") << "a second time changes nothing";
  Cql("DELETE FROM kck_schema_test.layout WHERE id = 0");
  EXPECT_THAT(ErrorOf(CheckCassandra(scheduler_, settings_)), AllOf(HasSubstr("to the end"), HasSubstr(cure)));
}

TEST_F(CassandraSchemaTest, RefusesTablesOfAnotherVersion) {
  EXPECT_EQ(ErrorOf(SetUpCassandra(scheduler_, settings_)), "none");
  Cql("UPDATE kck_schema_test.layout SET version = 99 WHERE id = 0");
  EXPECT_THAT(ErrorOf(CheckCassandra(scheduler_, settings_)),
              AllOf(HasSubstr("version 99"), HasSubstr("newer version")));
  EXPECT_THAT(ErrorOf(SetUpCassandra(scheduler_, settings_)), HasSubstr("version 99"));
}

TEST_F(CassandraSchemaTest, TablesOfAnEarlierVersionAreChangedWithWhatTheyHold) {
  EXPECT_EQ(ErrorOf(SetUpCassandra(scheduler_, settings_)), "none");
  Cql("ALTER TABLE kck_schema_test.entry DROP (cell, mark, forgotten)");
  Cql("ALTER TABLE kck_schema_test.settable DROP cell");
  Cql("DROP TABLE kck_schema_test.log");
  Cql("INSERT INTO kck_schema_test.entry (key, fingerprint, version) VALUES ('a', 1, 0x01)");
  Cql("UPDATE kck_schema_test.layout SET version = 1 WHERE id = 0");
  EXPECT_THAT(ErrorOf(CheckCassandra(scheduler_, settings_)),
              AllOf(HasSubstr("version 1"), HasSubstr("`kck store setup`")));
  EXPECT_EQ(ErrorOf(SetUpCassandra(scheduler_, settings_)), "none");
  EXPECT_EQ(ErrorOf(CheckCassandra(scheduler_, settings_)), "none");
  EXPECT_EQ(Cql("SELECT key FROM kck_schema_test.entry WHERE key = 'a'"), std::vector<std::string>{"a"});
  auto store = OpenCassandraStore(settings_, scheduler_).value();
  AwaitConnected(*store);
  BlockingStore calls(*store);
  EXPECT_EQ(ValueOf(calls.Get("a", 1).value()), "none") << "of the earlier version, and no damage";
  EXPECT_TRUE(calls.Put("a", MakeEntry("a", "[1]", {1, 1, 0}, [](EntryFacts& facts) { facts.fingerprint = 1; })));
  EXPECT_EQ(ValueOf(calls.Get("a", 1).value()), "[1]");
  EXPECT_EQ(store->health().damaged, 0U);
  store->Close();
}

TEST_F(CassandraSchemaTest, CopiesGoWhereTheSettingsSay) {
  settings_.datacenters = {{"datacenter1", 1}};
  EXPECT_EQ(ErrorOf(SetUpCassandra(scheduler_, settings_)), "none");
  EXPECT_EQ(Cql("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = 'kck_schema_test'").size(),
            1U);
}

TEST_F(CassandraSchemaTest, AStoreWithoutTablesWaitsForThem) {
  auto store = OpenCassandraStore(settings_, scheduler_).value();
  ASSERT_TRUE(
      BecomesTrue([&] { return store->cassandra_health().why_not.find("kck store setup") != std::string::npos; }));
  EXPECT_FALSE(store->cassandra_health().connected);
  EXPECT_EQ(ErrorOf(SetUpCassandra(scheduler_, settings_)), "none");
  AwaitConnected(*store);
  store->Close();
}

TEST(CassandraSettings, RefusesWhatCannotBeMeant) {
  CassandraSettings good;
  good.cql.contact_points = {"127.0.0.1"};
  good.scope = "node";
  EXPECT_EQ(ErrorOf(ValidateCassandra(good)), "none");
  const auto refusal = [&good](const auto& change) {
    CassandraSettings settings = good;
    change(settings);
    return ErrorOf(ValidateCassandra(settings));
  };
  EXPECT_THAT(refusal([](auto& s) { s.cql.contact_points.clear(); }), HasSubstr("no node is named"));
  EXPECT_THAT(refusal([](auto& s) { s.scope.clear(); }), HasSubstr("no id"));
  EXPECT_THAT(refusal([](auto& s) { s.replication_factor = 0; }), HasSubstr("no copies"));
  EXPECT_THAT(refusal([](auto& s) { s.datacenters = {{"a'b", 1}}; }), HasSubstr("a'b"));
  EXPECT_THAT(refusal([](auto& s) { s.datacenters = {{"a", 0}}; }), HasSubstr("0 copies"));
  for (const char* keyspace : {"", "Kck", "1k", "k-k", "k;drop", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"}) {
    EXPECT_THAT(refusal([&](auto& s) { s.keyspace = keyspace; }), HasSubstr("the keyspace is")) << keyspace;
  }
}

}  // namespace
}  // namespace kck
