// Addresses of the Internet Protocol and networks of them (CIDR, RFC 4632), of version 4 as they map into version 6.
//
// Plain values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kck {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  bool is_v4() const;
  bool operator==(const IpAddress&) const = default;
};

struct IpNetwork {
  IpAddress first;
  int prefix_bits = 128;

  bool Contains(const IpAddress& address) const;
};

// "10.0.0.1" or "2001:db8::1".
std::optional<IpAddress> ParseIpAddress(std::string_view text);

// "10.0.0.0/8", or an address alone. Nothing where bits beyond the prefix are set: such a text means something else.
std::optional<IpNetwork> ParseIpNetwork(std::string_view text);

}  // namespace kck
