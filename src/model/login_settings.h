// How users log in, as `auth` of kck.yml has it. Plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/fault.h"

namespace kck {

struct LoginSettings {
  // A parameter of the key.
  struct Part {
    enum class Kind : std::uint8_t { kLiteral, kUser, kPasswordHash };
    Kind kind = Kind::kLiteral;
    std::string literal;
  };

  std::string product;  // whose value says who a user is: `auth/:email`
  std::vector<Part> parts;
  Location location;

  std::chrono::seconds token_life{std::chrono::minutes(15)};
  std::chrono::seconds refresh_life{std::chrono::hours(30 * 24)};  // 0: no refresh tokens

  // Failed logins within a window.
  int attempts_per_user = 10;
  int attempts_per_address = 100;
  std::chrono::seconds attempts_window{std::chrono::minutes(15)};

  // Of the 0.6 form, where the key has the password's MD5 with this salt; nothing: the product returns argon2id hashes.
  std::optional<std::string> password_hash_salt;
};

}  // namespace kck
