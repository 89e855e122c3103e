// Whether there is a connection, and why not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "testing/certificate.h"
#include "testing/cql_fixture.h"
#include "testing/forwarder.h"
#include "testing/temp_folder.h"

namespace kck {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class CqlConnectTest : public testing::Test {
 protected:
  static CqlSettings At(const std::string& contact_point) {
    CqlSettings settings;
    settings.contact_points = {contact_point};
    settings.connect_timeout_ms = 10000;
    return settings;
  }

  // A node that wants a login and TLS; its certificate is for its address.
  static CqlSettings GuardedNode() {
    static const TestPair pair;
    static const CassandraServer node({.nodes = 1, .authentication = true, .certificate = pair.cert, .key = pair.key});
    static const TempFolder folder;
    static const std::string ca_file = folder.path() + "/ca.pem";
    std::ofstream(ca_file) << pair.cert;
    CqlSettings settings = At(node.contact_points());
    settings.user = "cassandra";
    settings.password = "cassandra";
    settings.tls = true;
    settings.ca_file = ca_file;
    return settings;
  }

  // Empty where it is good.
  std::string Connect(const CqlSettings& settings) {
    CqlClient client(scheduler_, settings);
    const auto connected = client.Connect();
    return connected ? "" : connected.error().message;
  }

  ThreadScheduler scheduler_;
};

TEST_F(CqlConnectTest, NobodyListens) {
  EXPECT_THAT(Connect(At("127.0.0.1:1")),
              AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("refused"), HasSubstr("unavailable")));
}

TEST_F(CqlConnectTest, AHostThatNobodyKnows) {
  EXPECT_THAT(Connect(At("no-such-host.invalid")),
              AllOf(HasSubstr("no address is known for no-such-host.invalid:9042"), HasSubstr("unavailable")));
}

TEST_F(CqlConnectTest, NoContactPoint) {
  CqlSettings settings = At("");
  settings.contact_points.clear();
  EXPECT_THAT(Connect(settings), AllOf(HasSubstr("no contact point"), HasSubstr("bad_request")));
}

TEST_F(CqlConnectTest, ADataCentreThatThereIsNot) {
  CqlSettings settings = At(ContactPoints(SharedCluster()).front());
  settings.local_datacenter = "mars";
  EXPECT_THAT(Connect(settings), AllOf(HasSubstr("mars"), HasSubstr("datacenter1"), HasSubstr("bad_request")));
  settings.local_datacenter = "datacenter1";
  EXPECT_EQ(Connect(settings), "");
}

TEST_F(CqlConnectTest, OneContactPointIsEnough) {
  CqlSettings settings = At("127.0.0.1:1");
  settings.contact_points.push_back(ContactPoints(SharedCluster()).front());
  CqlClient client(scheduler_, settings);
  ASSERT_TRUE(client.Connect());
  EXPECT_TRUE(BecomesTrue([&] { return client.counts().nodes_up == 3; }));
  EXPECT_EQ(client.counts().nodes_known, 3U);
}

TEST_F(CqlConnectTest, UntilItIsConnectedAllElseFailsAndItMayTryAgain) {
  const std::string node = ContactPoints(SharedCluster()).front();
  const std::string port = node.substr(node.find(':') + 1);
  CqlClient client(scheduler_, At("127.0.0.78:" + port));
  const auto first = client.Connect();
  ASSERT_FALSE(first);
  EXPECT_THAT(first.error().message, HasSubstr("unavailable"));
  const auto prepared = client.Prepare("select k from kck_cql_test.item where k = ?");
  ASSERT_FALSE(prepared);
  EXPECT_THAT(prepared.error().message, AllOf(HasSubstr("not been reached"), HasSubstr("unavailable")));

  const Forwarder now_there("127.0.0.78", node);
  EXPECT_TRUE(client.Connect());
  EXPECT_TRUE(client.Connect()) << "is good at once";
  EXPECT_TRUE(client.Prepare("select release_version from system.local"));
}

TEST_F(CqlConnectTest, LoginOverTls) { EXPECT_EQ(Connect(GuardedNode()), ""); }

TEST_F(CqlConnectTest, AWrongPasswordOrNone) {
  CqlSettings settings = GuardedNode();
  settings.password = "wrong";
  EXPECT_THAT(Connect(settings), AllOf(HasSubstr("check user and password"), HasSubstr("auth")));
  settings.user.clear();
  EXPECT_THAT(Connect(settings), AllOf(HasSubstr("check user and password"), HasSubstr("auth")));
}

TEST_F(CqlConnectTest, WithoutTlsToANodeThatWantsIt) {
  CqlSettings settings = GuardedNode();
  settings.tls = false;
  EXPECT_THAT(Connect(settings), HasSubstr("with TLS on both sides or on none"));
}

TEST_F(CqlConnectTest, ACertificateOfAnotherAuthority) {
  const TempFolder folder;
  CqlSettings settings = GuardedNode();
  settings.ca_file = folder.path() + "/ca.pem";
  std::ofstream(settings.ca_file) << TestPair().cert;
  EXPECT_THAT(Connect(settings), HasSubstr("certificate verify failed"));
  settings.verify_host = false;
  EXPECT_THAT(Connect(settings), HasSubstr("certificate verify failed")) << "an authority is asked in any case";
}

TEST_F(CqlConnectTest, ACertificateOfAnotherAddress) {
  CqlSettings settings = GuardedNode();
  const Forwarder elsewhere("127.0.0.77", settings.contact_points.front());
  settings.contact_points = {elsewhere.address()};
  EXPECT_THAT(Connect(settings), HasSubstr("certificate verify failed"));
  settings.verify_host = false;
  EXPECT_EQ(Connect(settings), "");
}

TEST_F(CqlConnectTest, AFileThatHoldsNoCertificate) {
  const TempFolder folder;
  CqlSettings settings = GuardedNode();
  settings.ca_file = folder.path() + "/nothing.pem";
  EXPECT_THAT(Connect(settings), AllOf(HasSubstr("nothing.pem"), HasSubstr("bad_request")));
}

}  // namespace
}  // namespace kck
