#include "model/ip_network.h"

#include <gtest/gtest.h>

namespace kck {
namespace {

bool IsIn(std::string_view network, std::string_view address) {
  return ParseIpNetwork(network).value().Contains(ParseIpAddress(address).value());
}

TEST(IpNetwork, ContainsTheAddressesOfItsPrefix) {
  EXPECT_TRUE(IsIn("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(IsIn("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(IsIn("192.0.2.128/25", "192.0.2.129"));
  EXPECT_FALSE(IsIn("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(IsIn("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(IsIn("192.0.2.7", "192.0.2.8"));
  EXPECT_TRUE(IsIn("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(IsIn("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(IsIn("2001:db8::/32", "2001:db8:1::1"));
  EXPECT_FALSE(IsIn("2001:db8::/32", "2001:db9::1"));
  EXPECT_TRUE(IsIn("::/0", "2001:db8::1"));
  EXPECT_TRUE(IsIn("::1", "::1"));
}

// A socket that takes both versions shows addresses of version 4 so.
TEST(IpNetwork, ContainsMappedAddresses) { EXPECT_TRUE(IsIn("10.0.0.0/8", "::ffff:10.0.0.1")); }

TEST(IpNetwork, IsNoOtherText) {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.1/8", "10.0.0/8", "::/129", "a/8",
                           "10.0.0.0/8/8", "2001:db8::1/32", "10.0.0.0/8 "}) {
    EXPECT_FALSE(ParseIpNetwork(text)) << text;
  }
  EXPECT_FALSE(ParseIpAddress("10.0.0.1:80"));
  EXPECT_FALSE(ParseIpAddress(std::string_view("::1\0", 4)));
}

}  // namespace
}  // namespace kck
