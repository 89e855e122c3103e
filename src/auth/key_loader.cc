#include "auth/key_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "auth/jwk_set.h"
#include "model/folder_readers.h"
#include "model/login_settings.h"

namespace kck {
namespace {

constexpr std::size_t kKeysMax = 100;

void Report(const Location& at, std::string message, std::string cure, Faults& faults) {
  faults.push_back({at, std::move(message), std::move(cure)});
}

std::optional<std::string> TextOf(const std::string& path, const Location& at, Faults& faults) {
  std::optional<std::string> text = ReadFile(path);
  if (!text) Report(at, fmt::format("the file {} cannot be read", path), "check its name and permissions", faults);
  return text;
}

std::optional<JwtKey> LoadKey(const AuthKeySettings& settings, Faults& faults) {
  const JwtAlgorithm algorithm = *ParseJwtAlgorithm(settings.algorithm);
  std::optional<std::string> pem;
  if (!settings.file.empty()) {
    pem = TextOf(settings.file, settings.location, faults);
    if (!pem) return std::nullopt;
  }
  Result<JwtKey> key =
      pem ? JwtKey::FromPem(algorithm, settings.id, *pem) : JwtKey::FromSecret(settings.id, settings.secret);
  if (key) return *std::move(key);
  Report(settings.location, key.error().message, pem ? "the file is " + settings.file : "", faults);
  return std::nullopt;
}

}  // namespace

std::vector<JwtKey> LoadKeys(const AuthSettings& settings, Faults& faults) {
  std::vector<JwtKey> keys;
  for (const AuthKeySettings& one : settings.keys) {
    if (std::optional<JwtKey> key = LoadKey(one, faults)) keys.push_back(*std::move(key));
  }
  if (!settings.jwks_file.empty()) {
    if (const auto text = TextOf(settings.jwks_file, settings.jwks_location, faults)) {
      Result<std::vector<JwtKey>> set = ReadJwkSet(*text);
      if (set) {
        std::ranges::move(*set, std::back_inserter(keys));
      } else {
        Report(settings.jwks_location, set.error().message, "the file is " + settings.jwks_file, faults);
      }
    }
  }
  // A token without a key's id may be of any of them, and each is tried.
  if (keys.size() > kKeysMax) {
    Report(settings.jwks_location, fmt::format("there are {} keys", keys.size()),
           fmt::format("{} is the most: leave out those that are no longer in use", kKeysMax), faults);
  }
  if (settings.login && std::ranges::none_of(keys, &JwtKey::can_sign)) {
    Report(settings.login->location, "there is no key that could sign the tokens of a login",
           "one of auth.keys has to be a secret, or the file of a private key", faults);
  }
  return keys;
}

}  // namespace kck
