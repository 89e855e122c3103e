#include "auth/password.h"

#include <argon2.h>
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/secret.h"

namespace kck {
namespace {

constexpr std::string_view kForm = "$argon2id$v=19$";
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;

struct Cost {
  std::string_view name;
  unsigned max;
};
constexpr std::array<Cost, 3> kCosts{{{"m=", 256U << 10U}, {"t=", 16}, {"p=", 16}}};

std::string Hash(std::string_view password, std::string_view salt) {
  std::array<char, 256> text{};
  const int status =
      argon2id_hash_encoded(kPasswordPasses, kPasswordMemoryKib, kPasswordLanes, password.data(), password.size(),
                            salt.data(), salt.size(), kHashBytes, text.data(), text.size());
  return status == ARGON2_OK ? std::string(text.data()) : std::string();
}

}  // namespace

Result<std::string> HashPassword(std::string_view password) {
  if (password.size() > kPasswordBytesMax) {
    return Fail(ErrorCode::kBadRequest, fmt::format("a password has at most {} bytes", kPasswordBytesMax));
  }
  const std::string salt = RandomBytes(kSaltBytes);
  std::string hash = salt.empty() ? "" : Hash(password, salt);
  if (hash.empty()) return Fail(ErrorCode::kBadRequest, "the system gave no memory or no random bytes for a hash");
  return hash;
}

bool IsPasswordHash(std::string_view hash) {
  if (!hash.starts_with(kForm) || hash.size() > 255) return false;
  hash.remove_prefix(kForm.size());
  for (const Cost& cost : kCosts) {
    if (!hash.starts_with(cost.name)) return false;
    hash.remove_prefix(cost.name.size());
    unsigned value = 0;
    const auto [end, error] = std::from_chars(hash.data(), hash.data() + hash.size(), value);
    if (error != std::errc() || value == 0 || value > cost.max) return false;
    hash.remove_prefix(static_cast<std::size_t>(end - hash.data()));
    if (hash.empty()) return false;
    hash.remove_prefix(1);  // a comma or, at last, a dollar: argon2 itself looks
  }
  return true;
}

bool IsPassword(std::string_view hash, std::string_view password) {
  if (password.size() > kPasswordBytesMax || !IsPasswordHash(hash)) return false;
  return argon2id_verify(std::string(hash).c_str(), password.data(), password.size()) == ARGON2_OK;
}

const std::string& NobodysHash() {
  static const std::string hash = Hash(RandomBytes(kHashBytes), RandomBytes(kSaltBytes));
  return hash;
}

}  // namespace kck
