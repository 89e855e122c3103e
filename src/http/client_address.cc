#include "http/client_address.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/trim.h"

namespace kck {
namespace {

// Without a port, and without the brackets that stand around an address of version 6.
std::string_view WithoutPort(std::string_view item) {
  if (item.starts_with('[')) return item.substr(1, item.find(']') - 1);
  const bool one_colon = std::ranges::count(item, ':') == 1;
  return one_colon ? item.substr(0, item.find(':')) : item;
}

// Takes the last item off a list.
std::string_view TakeLast(std::string_view& list) {
  const std::size_t comma = list.rfind(',');
  const std::size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
  const std::string_view item = Trim(list.substr(begin), kLineBlanks);
  list = list.substr(0, comma == std::string_view::npos ? 0 : comma);
  return WithoutPort(item);
}

}  // namespace

ProxyTrust::ProxyTrust(const std::vector<std::string>& networks) {
  for (const std::string& text : networks) {
    if (const auto network = ParseIpNetwork(text)) networks_.push_back(*network);
  }
}

bool ProxyTrust::Trusts(std::string_view address) const {
  const auto parsed = ParseIpAddress(address);
  return parsed && std::ranges::any_of(networks_, [&](const IpNetwork& one) { return one.Contains(*parsed); });
}

std::string ProxyTrust::ClientOf(std::string_view peer, std::string_view forwarded_for) const {
  std::string_view client = peer;
  while (!forwarded_for.empty() && Trusts(client)) {
    const std::string_view before = TakeLast(forwarded_for);
    if (!ParseIpAddress(before)) break;
    client = before;
  }
  return std::string(client);
}

std::string LimitedName(std::string_view address) {
  const auto parsed = ParseIpAddress(address);
  if (!parsed || parsed->is_v4()) return std::string(address);
  constexpr std::size_t kNetworkBytes = 8;
  return fmt::format("{:02x}", fmt::join(parsed->bytes.begin(), parsed->bytes.begin() + kNetworkBytes, ""));
}

}  // namespace kck
