// Tokens from anywhere: what is parsed must be what is there, and nothing that is not signed may pass.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "auth/jwk_set.h"
#include "auth/token_verifier.h"
#include "base/base64.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

// With the key that is not secret here, the input's own claims pass the signature and are read as well.
void CheckSigned(std::string_view claims) {
  static const kck::JwtKey key = *kck::JwtKey::FromSecret("", std::string(32, 'k'));
  const kck::Result<std::string> token = kck::MakeJwt(key, kck::TokenUse::kAccess, claims);
  Require(token.has_value());
  const auto identity = kck::TokenVerifier({}, {key}).Verify(*token, kck::TokenUse::kAccess, 1'800'000'000);
  if (!identity) return;
  Require((*identity)->expires_unix_s + 10 > 1'800'000'000);
  for (const auto& [name, value] : (*identity)->claims)
    Require(name.size() + value.value_or("").size() <= claims.size() * 6);
}

void CheckForged(std::string_view token) {
  static const kck::JwtKey key = *kck::JwtKey::FromSecret("", std::string(32, 's'));
  const kck::Result<kck::Jwt> jwt = kck::ParseJwt(token);
  if (jwt) {
    Require(token.starts_with(jwt->signed_text) && token.size() <= kck::kTokenBytesMax);
    Require(token == std::string(jwt->signed_text) + '.' + kck::Base64Url(jwt->signature));
  }
  Require(!kck::TokenVerifier({}, {key}).Verify(token, kck::TokenUse::kAccess, 1'800'000'000));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  CheckForged(input);
  CheckSigned(input);
  // A header of the input's own, in its right spelling.
  const std::size_t cut = input.find('\n');
  if (cut != std::string_view::npos) {
    CheckForged(kck::Base64Url(input.substr(0, cut)) + '.' + kck::Base64Url(input.substr(cut + 1)) + ".AAAA");
  }
  static_cast<void>(kck::ReadJwkSet(input));
  return 0;
}
