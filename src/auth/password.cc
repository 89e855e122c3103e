#include "auth/password.h"

#include <argon2.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <optional>

#include "base/secret.h"

namespace kck {
namespace {

constexpr std::string_view kForm = "$argon2id$v=19$";
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;

struct Costs {
  std::uint32_t memory_kib = 0;
  std::uint32_t passes = 0;
  std::uint32_t lanes = 0;
};

constexpr Costs kUsualCosts{kPasswordMemoryKib, kPasswordPasses, kPasswordLanes};

struct CostField {
  std::string_view name;
  std::uint32_t Costs::* value;
  std::uint32_t max;
};
constexpr std::array<CostField, 3> kCostFields{
    {{"m=", &Costs::memory_kib, 256U << 10U}, {"t=", &Costs::passes, 16}, {"p=", &Costs::lanes, 16}}};

// Of a hash or its beginning. Nothing where it is none, or asks for too much.
std::optional<Costs> ReadCosts(std::string_view hash) {
  if (!hash.starts_with(kForm) || hash.size() > 255) return std::nullopt;
  hash.remove_prefix(kForm.size());
  Costs costs;
  for (const CostField& field : kCostFields) {
    if (!hash.starts_with(field.name)) return std::nullopt;
    hash.remove_prefix(field.name.size());
    std::uint32_t& value = costs.*field.value;
    const auto [end, error] = std::from_chars(hash.data(), hash.data() + hash.size(), value);
    if (error != std::errc() || value == 0 || value > field.max) return std::nullopt;
    hash.remove_prefix(static_cast<std::size_t>(end - hash.data()));
    if (hash.empty()) return std::nullopt;
    hash.remove_prefix(1);  // a comma or, at last, a dollar: argon2 itself looks
  }
  return costs;
}

std::string Hash(std::string_view password, std::string_view salt, const Costs& costs) {
  std::array<char, 256> text{};
  const int status =
      argon2id_hash_encoded(costs.passes, costs.memory_kib, costs.lanes, password.data(), password.size(), salt.data(),
                            salt.size(), kHashBytes, text.data(), text.size());
  return status == ARGON2_OK ? std::string(text.data()) : std::string();
}

}  // namespace

Result<std::string> HashPassword(std::string_view password) {
  if (password.size() > kPasswordBytesMax) {
    return Fail(ErrorCode::kBadRequest, fmt::format("a password has at most {} bytes", kPasswordBytesMax));
  }
  const std::string salt = RandomBytes(kSaltBytes);
  std::string hash = salt.empty() ? "" : Hash(password, salt, kUsualCosts);
  if (hash.empty()) return Fail(ErrorCode::kBadRequest, "the system gave no memory or no random bytes for a hash");
  return hash;
}

bool IsPasswordHash(std::string_view hash) { return ReadCosts(hash).has_value(); }

bool IsPassword(std::string_view hash, std::string_view password) {
  if (password.size() > kPasswordBytesMax || !IsPasswordHash(hash)) return false;
  return argon2id_verify(std::string(hash).c_str(), password.data(), password.size()) == ARGON2_OK;
}

std::string_view CostsOf(std::string_view hash) { return hash.substr(0, hash.find('$', kForm.size()) + 1); }

const std::string& UsualCosts() {
  static const std::string costs =
      fmt::format("{}m={},t={},p={}$", kForm, kUsualCosts.memory_kib, kUsualCosts.passes, kUsualCosts.lanes);
  return costs;
}

std::string NobodysHash(std::string_view costs) {
  return Hash(RandomBytes(kHashBytes), RandomBytes(kSaltBytes), ReadCosts(costs).value_or(kUsualCosts));
}

std::string PasswordHash06(std::string_view salt, std::string_view password) {
  const std::string text = fmt::format("{}{}", salt, password);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
  return fmt::format("{:02x}", fmt::join(digest.begin(), digest.begin() + size, ""));
}

}  // namespace kck
