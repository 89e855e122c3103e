#include "model/ip_network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace kck {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr int kMappedBits = 96;

// The address with all bits beyond the prefix at zero.
IpAddress Cut(IpAddress address, int prefix_bits) {
  for (int bit = prefix_bits; bit < 128; ++bit) {
    address.bytes.at(static_cast<std::size_t>(bit / 8)) &= static_cast<std::uint8_t>(~(0x80 >> (bit % 8)));
  }
  return address;
}

}  // namespace

bool IpAddress::is_v4() const { return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin()); }

bool IpNetwork::Contains(const IpAddress& address) const { return Cut(address, prefix_bits) == first; }

std::optional<IpAddress> ParseIpAddress(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  IpAddress address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  std::ranges::copy(kMappedPrefix, address.bytes.begin());
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data() + kMappedPrefix.size()) == 1) return address;
  return std::nullopt;
}

std::optional<IpNetwork> ParseIpNetwork(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto address = ParseIpAddress(text.substr(0, slash));
  if (!address) return std::nullopt;
  IpNetwork network{*address, 128};
  if (slash == text.size()) return network;
  const std::string_view bits = text.substr(slash + 1);
  const bool v4 = text.find(':') == std::string_view::npos;
  int number = -1;
  const auto [stop, error] = std::from_chars(bits.data(), bits.data() + bits.size(), number);
  if (error != std::errc{} || stop != bits.data() + bits.size() || number < 0 || number > (v4 ? 32 : 128)) {
    return std::nullopt;
  }
  network.prefix_bits = v4 ? kMappedBits + number : number;
  if (Cut(*address, network.prefix_bits) != *address) return std::nullopt;
  return network;
}

}  // namespace kck
