// Who may read a product, or write through an updater, as its author said it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kck {

enum class AccessKind : std::uint8_t {
  kUnsaid,  // where tokens are asked for: nobody but administrators
  kPublic,  // everyone
  kUser,    // who has a token, as far as `claims` and `roles` go
};

// A parameter that is taken from the token: no request can give it another value.
struct ClaimBinding {
  std::string claim;
  std::size_t param = 0;  // its index
};

struct Access {
  AccessKind kind = AccessKind::kUnsaid;
  std::vector<ClaimBinding> claims;  // by parameter, ascending
  std::vector<std::string> roles;    // one of them is needed; none: any token will do
};

// The binding of the parameter; null where requests give it.
inline const ClaimBinding* BindingOf(const Access& access, std::size_t param) {
  for (const ClaimBinding& binding : access.claims) {
    if (binding.param == param) return &binding;
  }
  return nullptr;
}

}  // namespace kck
