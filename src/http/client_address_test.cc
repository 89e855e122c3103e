#include "http/client_address.h"

#include <gtest/gtest.h>

namespace kck {
namespace {

TEST(ProxyTrust, BelievesNobodyUnlessTold) {
  EXPECT_EQ(ProxyTrust({}).ClientOf("10.0.0.1", "203.0.113.9"), "10.0.0.1");
  EXPECT_EQ(ProxyTrust({"10.0.0.2"}).ClientOf("10.0.0.1", "203.0.113.9"), "10.0.0.1");
}

TEST(ProxyTrust, TakesWhomTheLastTrustedProxyHeard) {
  const ProxyTrust trust({"10.0.0.0/8", "2001:db8::/32"});
  EXPECT_EQ(trust.ClientOf("10.0.0.1", "203.0.113.9"), "203.0.113.9");
  EXPECT_EQ(trust.ClientOf("10.0.0.1", "198.51.100.1, 203.0.113.9"), "203.0.113.9");  // the first one anybody can write
  EXPECT_EQ(trust.ClientOf("10.0.0.1", "203.0.113.9,10.1.1.1 , 10.2.2.2"), "203.0.113.9");
  EXPECT_EQ(trust.ClientOf("10.0.0.1", "10.1.1.1"), "10.1.1.1");
  EXPECT_EQ(trust.ClientOf("10.0.0.1", ""), "10.0.0.1");
  EXPECT_EQ(trust.ClientOf("2001:db8::5", "203.0.113.9:4711"), "203.0.113.9");
  EXPECT_EQ(trust.ClientOf("2001:db8::5", "[2001:dead::1]:80"), "2001:dead::1");
}

TEST(ProxyTrust, StopsAtWhatIsNoAddress) {
  const ProxyTrust trust({"10.0.0.0/8"});
  EXPECT_EQ(trust.ClientOf("10.0.0.1", "203.0.113.9, unknown"), "10.0.0.1");
  EXPECT_EQ(trust.ClientOf("10.0.0.1", "203.0.113.9, unknown, 10.1.1.1"), "10.1.1.1");
  EXPECT_EQ(trust.ClientOf("10.0.0.1", ","), "10.0.0.1");
  EXPECT_EQ(trust.ClientOf("10.0.0.1", "["), "10.0.0.1");
}

TEST(LimitedName, IsTheNetworkOfAClientOfVersion6) {
  EXPECT_EQ(LimitedName("203.0.113.9"), "203.0.113.9");
  EXPECT_EQ(LimitedName("2001:db8:1:2:3::4"), LimitedName("2001:db8:1:2:ffff::1"));
  EXPECT_NE(LimitedName("2001:db8:1:2::1"), LimitedName("2001:db8:1:3::1"));
  EXPECT_EQ(LimitedName("local"), "local");
}

}  // namespace
}  // namespace kck
