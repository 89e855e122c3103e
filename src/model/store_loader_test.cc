// `store` and `node`: what is read, and that every fault is told with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/folder_fixture.h"

namespace kck {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class StoreLoaderTest : public FolderFixture {
 protected:
  static std::string Kck(const std::string& rest) {
    return "databases: {main: {url: \"sqlite:x.db\"}}\n" + rest + "\n";
  }
  StoreSettings Store(const std::string& fields) {
    Write("kck.yml", Kck("store: {" + fields + "}"));
    return LoadSound().settings.store;
  }
  std::string StoreFault(const std::string& fields) { return FaultOf("kck.yml", Kck("store: {" + fields + "}")); }
  std::string UrlFault(const std::string& url) { return StoreFault("url: \"" + url + "\""); }
};

TEST_F(StoreLoaderTest, IsAFolderBesideKckYmlUnlessSaidOtherwise) {
  Write("kck.yml", Kck(""));
  const StoreSettings store = LoadSound().settings.store;
  EXPECT_EQ(store.kind, "rocksdb");
  EXPECT_EQ(store.path, path() + "/kck-store");
  EXPECT_EQ(Store("url: \"rocksdb:kept\"").path, path() + "/kept");
}

TEST_F(StoreLoaderTest, ReadsAnAddressOfCassandra) {
  const StoreSettings store = Store(
      "url: \"cassandra://me:p%40ss@10.0.0.1,db2:9043/flights?consistency=quorum&rf=3\", request_timeout: 500ms, "
      "datacenter: dc1, recheck: 2s, rechecks_per_second_max: 50, tls: {ca: ca.pem, verify_host: false}");
  EXPECT_EQ(store.kind, "cassandra");
  ASSERT_TRUE(store.cassandra);
  const CassandraStoreSettings& cassandra = *store.cassandra;
  EXPECT_THAT(cassandra.hosts, ElementsAre("10.0.0.1", "db2:9043"));
  EXPECT_EQ(cassandra.user, "me");
  EXPECT_EQ(cassandra.password, "p@ss");
  EXPECT_EQ(cassandra.keyspace, "flights");
  EXPECT_EQ(cassandra.consistency, "quorum");
  EXPECT_EQ(cassandra.replication_factor, 3);
  EXPECT_EQ(cassandra.local_datacenter, "dc1");
  EXPECT_EQ(cassandra.request_timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(cassandra.recheck, std::chrono::seconds(2));
  EXPECT_EQ(cassandra.rechecks_per_second_max, 50U);
  EXPECT_TRUE(cassandra.tls);
  EXPECT_EQ(cassandra.ca_file, path() + "/ca.pem");
  EXPECT_FALSE(cassandra.verify_host);
}

TEST_F(StoreLoaderTest, CopiesCanBeGivenForEachDataCentre) {
  const StoreSettings store = Store("url: \"cassandra://a/kck?rf=east:3,west:2\"");
  EXPECT_THAT(store.cassandra->datacenters, ElementsAre(Pair("east", 3), Pair("west", 2)));
  EXPECT_EQ(store.cassandra->consistency, "local_quorum");
}

TEST_F(StoreLoaderTest, TellsFaultsOfTheAddress) {
  EXPECT_THAT(UrlFault("cassandra:a/kck"),
              HasSubstr("kck.yml:2:14: error: the store's url is no address of Cassandra"));
  EXPECT_THAT(UrlFault("cassandra://a"), HasSubstr("names no keyspace"));
  EXPECT_THAT(UrlFault("cassandra://a/Kck"), HasSubstr("names no keyspace"));
  EXPECT_THAT(UrlFault("cassandra://a,,b/kck"), HasSubstr("names a host ''"));
  EXPECT_THAT(UrlFault("cassandra://a/kck?consistency=most"), HasSubstr("local_quorum, each_quorum, all"));
  EXPECT_THAT(UrlFault("cassandra://a/kck?rf=0"), HasSubstr("asks for copies '0'"));
  EXPECT_THAT(UrlFault("cassandra://a/kck?rf=dc1"), HasSubstr("rf=dc1:3,dc2:2"));
  EXPECT_THAT(UrlFault("cassandra://a/kck?copies=3"), HasSubstr("parameter 'copies'"));
  EXPECT_THAT(UrlFault("cassandra://a%:b@c/kck"), HasSubstr("percent-encoded"));
  EXPECT_THAT(UrlFault("redis://a"), HasSubstr("of no known kind"));
}

TEST_F(StoreLoaderTest, WhatOnlyASharedStoreHasIsRefusedElsewhere) {
  EXPECT_THAT(StoreFault("url: \"memory:\", recheck: 1s"), HasSubstr("store.recheck has no meaning"));
}

TEST_F(StoreLoaderTest, RechecksAreNotCloserThanTheirClockTicks) {
  EXPECT_THAT(StoreFault("url: \"cassandra://a/kck\", recheck: 100ms"), HasSubstr("300ms or more"));
}

TEST_F(StoreLoaderTest, LoginsNeedAStoreOfOneNode) {
  Write("products/auth.yml", "name: auth\nparameters: [{name: email}]\nquery: {template: \"select 1, :email\"}\n");
  const std::string fault =
      FaultOf("kck.yml", Kck("auth: {keys: [{id: a, algorithm: HS256, secret: \"0123456789abcdef0123456789abcdef\"}], "
                             "auth_user: auth/:email}\nstore: {url: \"cassandra://a/kck\"}"));
  EXPECT_THAT(fault, HasSubstr("auth_user needs a store of one node"));
}

TEST_F(StoreLoaderTest, ANodeHasAName) {
  Write("kck.yml", Kck("node: {id: east-1}"));
  EXPECT_EQ(LoadSound().settings.node_id, "east-1");
  Write("kck.yml", Kck("http: {listen: \"127.0.0.1:8123\"}"));
  EXPECT_THAT(LoadSound().settings.node_id, testing::EndsWith("-8123"));
  EXPECT_THAT(FaultOf("kck.yml", Kck("node: {id: \"a b\"}")), HasSubstr("node.id is 'a b'"));
  EXPECT_THAT(FaultOf("kck.yml", Kck("node: {advertise: \"a:1\"}")), HasSubstr("advertise"));
}

}  // namespace
}  // namespace kck
