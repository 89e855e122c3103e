// Whose request it is: the connection's other end, or, where that is a proxy that kck.yml trusts, whom it speaks for.
//
// Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/ip_network.h"

namespace kck {

class ProxyTrust {
 public:
  // `networks`: as http.trusted_proxies has them; what does not parse is left out.
  explicit ProxyTrust(const std::vector<std::string>& networks);

  // The client's address. `peer` is the connection's other end, `forwarded_for` the header X-Forwarded-For: each proxy
  // has added whom it heard, so it is read from its end, as far as those that say it are trusted.
  std::string ClientOf(std::string_view peer, std::string_view forwarded_for) const;

 private:
  bool Trusts(std::string_view address) const;

  std::vector<IpNetwork> networks_;
};

// What limits go by: the address, and of version 6 the network of 64 bits, which a client has as a whole. What is no
// address stands for itself.
std::string LimitedName(std::string_view address);

}  // namespace kck
