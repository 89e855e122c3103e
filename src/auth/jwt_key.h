// A key of JSON Web Tokens: it checks signatures of one algorithm, and makes them where it is a secret or private.
//
// HS256, RS256 and ES256 (RFC 7518), EdDSA over Ed25519 (RFC 8037). A key belongs to one algorithm for good: what a
// token says of its algorithm chooses among keys, and never how a key is used. Immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;

namespace kck {

enum class JwtAlgorithm : std::uint8_t { kHs256, kRs256, kEs256, kEdDsa };

std::optional<JwtAlgorithm> ParseJwtAlgorithm(std::string_view name);  // "HS256"
std::string_view JwtAlgorithmName(JwtAlgorithm algorithm);

class JwtKey {
 public:
  using Evp = std::shared_ptr<evp_pkey_st>;

  static constexpr std::size_t kSecretBytesMin = 32;  // of HS256: as many as the hash has
  static constexpr int kRsaBitsMin = 2048;

  // HS256. Each of these errors says what is wrong with the key, and holds nothing of it.
  static Result<JwtKey> FromSecret(std::string id, std::string secret);

  // Of the other algorithms: a public key, a certificate or a private key in PEM.
  static Result<JwtKey> FromPem(JwtAlgorithm algorithm, std::string id, std::string_view pem);

  // The same, from OpenSSL's form of a key.
  static Result<JwtKey> FromEvp(JwtAlgorithm algorithm, std::string id, Evp key, bool can_sign);

  const std::string& id() const { return id_; }  // the header's `kid`; may be empty
  JwtAlgorithm algorithm() const { return algorithm_; }
  bool can_sign() const { return can_sign_; }

  // `signature` as it stands in a token, decoded.
  bool Verifies(std::string_view text, std::string_view signature) const;

  // The signature as a token has it, before it is encoded. Only where can_sign().
  Result<std::string> Sign(std::string_view text) const;

 private:
  JwtKey(JwtAlgorithm algorithm, std::string id) : algorithm_(algorithm), id_(std::move(id)) {}

  JwtAlgorithm algorithm_;
  std::string id_;
  std::string secret_;  // HS256
  Evp key_;             // the others
  bool can_sign_ = false;
};

}  // namespace kck
