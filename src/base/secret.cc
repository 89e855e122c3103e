#include "base/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace kck {
namespace {

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string Mac(std::string_view key, std::string_view text) {
  std::string mac(kMacBytes, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(text), text.size(), Bytes(mac), nullptr);
  return mac;
}

bool SameMac(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::string RandomBytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(Bytes(bytes), static_cast<int>(count)) != 1) return {};
  return bytes;
}

std::uint64_t RandomNumber() {
  std::uint64_t number = 0;
  const std::string bytes = RandomBytes(sizeof number);
  bytes.copy(reinterpret_cast<char*>(&number), bytes.size());
  return number;
}

}  // namespace kck
