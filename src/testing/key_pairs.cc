#include "testing/key_pairs.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

namespace kck {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

std::string TextOf(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

EVP_PKEY* Generate(const std::string& kind, const std::string& curve, unsigned bits) {
  if (kind == "RSA") return EVP_RSA_gen(bits);
  if (kind == "EC") return EVP_EC_gen(curve.c_str());
  return EVP_PKEY_Q_keygen(nullptr, nullptr, kind.c_str());
}

}  // namespace

KeyPair NewKeyPair(const std::string& kind, const std::string& curve, unsigned bits) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(Generate(kind, curve, bits), EVP_PKEY_free);
  const Bio secret(BIO_new(BIO_s_mem()), BIO_free);
  const Bio shared(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_PUBKEY(shared.get(), key.get());
  return {TextOf(secret.get()), TextOf(shared.get())};
}

KeyPair NewKeyPair(JwtAlgorithm algorithm) {
  if (algorithm == JwtAlgorithm::kRs256) return NewKeyPair("RSA", "", 2048);
  if (algorithm == JwtAlgorithm::kEs256) return NewKeyPair("EC", "P-256", 0);
  return NewKeyPair("ED25519", "", 0);
}

}  // namespace kck
