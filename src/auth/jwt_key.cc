#include "auth/jwt_key.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "base/freed_by.h"
#include "base/secret.h"

namespace kck {
namespace {

using BioPtr = std::unique_ptr<BIO, FreedBy<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, FreedBy<X509_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, FreedBy<EVP_MD_CTX_free>>;
using EcSignaturePtr = std::unique_ptr<ECDSA_SIG, FreedBy<ECDSA_SIG_free>>;

constexpr std::array<std::string_view, 4> kNames{"HS256", "RS256", "ES256", "EdDSA"};
constexpr int kCoordinateBytes = 32;  // of P-256, and so half of an ES256 signature

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Failure Unfit(std::string message) { return Fail(ErrorCode::kBadRequest, std::move(message)); }

// Asks for no passphrase: a server has no terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

JwtKey::Evp Shared(EVP_PKEY* key) { return key == nullptr ? nullptr : JwtKey::Evp(key, EVP_PKEY_free); }

BioPtr Reading(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

JwtKey::Evp PrivateOf(std::string_view pem) {
  return Shared(PEM_read_bio_PrivateKey(Reading(pem).get(), nullptr, NoPassphrase, nullptr));
}

JwtKey::Evp PublicOf(std::string_view pem) {
  if (auto key = Shared(PEM_read_bio_PUBKEY(Reading(pem).get(), nullptr, NoPassphrase, nullptr))) return key;
  const CertificatePtr certificate(PEM_read_bio_X509(Reading(pem).get(), nullptr, NoPassphrase, nullptr));
  return certificate ? Shared(X509_get_pubkey(certificate.get())) : nullptr;
}

std::string CurveOf(EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(), &size) != 1) return {};
  return {name.data(), size};
}

// Why the key is none of the algorithm; empty: it is one.
std::string Misfit(JwtAlgorithm algorithm, EVP_PKEY* key) {
  switch (algorithm) {
    case JwtAlgorithm::kHs256:
      return "HS256 takes a secret, not a key pair";
    case JwtAlgorithm::kRs256:
      if (EVP_PKEY_is_a(key, "RSA") != 1) return "RS256 takes an RSA key";
      if (EVP_PKEY_get_bits(key) < JwtKey::kRsaBitsMin) {
        return fmt::format("an RSA key has at least {} bits", JwtKey::kRsaBitsMin);
      }
      return {};
    case JwtAlgorithm::kEs256:
      if (EVP_PKEY_is_a(key, "EC") != 1 || CurveOf(key) != "prime256v1") return "ES256 takes an EC key on P-256";
      return {};
    case JwtAlgorithm::kEdDsa:
      return EVP_PKEY_is_a(key, "ED25519") == 1 ? "" : "EdDSA takes an Ed25519 key";
  }
  return {};
}

const EVP_MD* DigestOf(JwtAlgorithm algorithm) {
  return algorithm == JwtAlgorithm::kEdDsa ? nullptr : EVP_sha256();  // Ed25519 hashes by itself
}

// RFC 7518, 3.4: a signature is r and s of 32 bytes each; OpenSSL takes and makes ASN.1.
std::string ToAsn1(std::string_view signature) {
  const EcSignaturePtr parts(ECDSA_SIG_new());
  ECDSA_SIG_set0(parts.get(), BN_bin2bn(Bytes(signature), kCoordinateBytes, nullptr),
                 BN_bin2bn(Bytes(signature.substr(kCoordinateBytes)), kCoordinateBytes, nullptr));
  std::string encoded(static_cast<std::size_t>(std::max(0, i2d_ECDSA_SIG(parts.get(), nullptr))), '\0');
  unsigned char* out = Bytes(encoded);
  i2d_ECDSA_SIG(parts.get(), &out);
  return encoded;
}

std::string FromAsn1(std::string_view encoded) {
  const unsigned char* in = Bytes(encoded);
  const EcSignaturePtr parts(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(encoded.size())));
  if (!parts) return {};
  std::string signature(std::size_t{2} * kCoordinateBytes, '\0');
  BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), Bytes(signature), kCoordinateBytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), Bytes(signature) + kCoordinateBytes, kCoordinateBytes);
  return signature;
}

}  // namespace

std::optional<JwtAlgorithm> ParseJwtAlgorithm(std::string_view name) {
  const auto* const found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<JwtAlgorithm>(found - kNames.begin());
}

std::string_view JwtAlgorithmName(JwtAlgorithm algorithm) { return kNames.at(static_cast<std::size_t>(algorithm)); }

Result<JwtKey> JwtKey::FromSecret(std::string id, std::string secret) {
  if (secret.size() < kSecretBytesMin) {
    return Unfit(
        fmt::format("a secret of HS256 has at least {} bytes: `openssl rand -base64 48` makes one", kSecretBytesMin));
  }
  JwtKey key(JwtAlgorithm::kHs256, std::move(id));
  key.secret_ = std::move(secret);
  key.can_sign_ = true;
  return key;
}

Result<JwtKey> JwtKey::FromPem(JwtAlgorithm algorithm, std::string id, std::string_view pem) {
  if (Evp key = PrivateOf(pem)) return FromEvp(algorithm, std::move(id), std::move(key), true);
  if (Evp key = PublicOf(pem)) return FromEvp(algorithm, std::move(id), std::move(key), false);
  return Unfit("it holds no public key, certificate or private key without a passphrase in PEM");
}

Result<JwtKey> JwtKey::FromEvp(JwtAlgorithm algorithm, std::string id, Evp key, bool can_sign) {
  if (std::string misfit = Misfit(algorithm, key.get()); !misfit.empty()) return Unfit(std::move(misfit));
  JwtKey made(algorithm, std::move(id));
  made.key_ = std::move(key);
  made.can_sign_ = can_sign;
  return made;
}

bool JwtKey::Verifies(std::string_view text, std::string_view signature) const {
  if (algorithm_ == JwtAlgorithm::kHs256) return SameMac(Mac(secret_, text), signature);
  std::string asn1;
  if (algorithm_ == JwtAlgorithm::kEs256) {
    if (signature.size() != std::size_t{2} * kCoordinateBytes) return false;
    asn1 = ToAsn1(signature);
    signature = asn1;
  }
  const DigestPtr context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, DigestOf(algorithm_), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(text), text.size()) == 1;
}

Result<std::string> JwtKey::Sign(std::string_view text) const {
  if (algorithm_ == JwtAlgorithm::kHs256) return Mac(secret_, text);
  if (!can_sign_) return Unfit(fmt::format("the key {} is public: signing takes the private one", id_));
  const DigestPtr context(EVP_MD_CTX_new());
  std::size_t size = 0;
  const bool begun = EVP_DigestSignInit(context.get(), nullptr, DigestOf(algorithm_), nullptr, key_.get()) == 1 &&
                     EVP_DigestSign(context.get(), nullptr, &size, Bytes(text), text.size()) == 1;
  std::string signature(size, '\0');
  if (!begun || EVP_DigestSign(context.get(), Bytes(signature), &size, Bytes(text), text.size()) != 1) {
    return Unfit(fmt::format("the key {} cannot sign", id_));
  }
  signature.resize(size);
  return algorithm_ == JwtAlgorithm::kEs256 ? FromAsn1(signature) : signature;
}

}  // namespace kck
