// Keys that tests sign tokens with.
#pragma once

#include <string>

#include "auth/jwt_key.h"

namespace kck {

struct KeyPair {
  std::string private_pem;
  std::string public_pem;
};

// A new pair for the algorithm: RSA of 2048 bits, P-256, Ed25519.
KeyPair NewKeyPair(JwtAlgorithm algorithm);

// The same of any kind that OpenSSL knows: `kind` "RSA" with its bits, "EC" with a curve, else by name alone.
KeyPair NewKeyPair(const std::string& kind, const std::string& curve, unsigned bits);

}  // namespace kck
