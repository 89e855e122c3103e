// The part `auth` of kck.yml: whom the server believes. Plain data.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "model/access.h"
#include "model/fault.h"

namespace kck {

// A key that tokens are checked with: a secret, or a file in PEM.
struct AuthKeySettings {
  std::string id;         // the `kid` of tokens that it signed; may be empty
  std::string algorithm;  // "HS256", "RS256", "ES256", "EdDSA"
  std::string secret;     // ${ENV} expanded: never logged
  std::string file;       // absolute, or relative to the folder of kck.yml, already joined
  Location location;

  bool operator==(const AuthKeySettings& other) const {
    return id == other.id && algorithm == other.algorithm && secret == other.secret && file == other.file;
  }
};

struct LoginSettings;  // model/login_settings.h

struct AuthSettings {
  bool on = false;  // kck.yml has `auth`
  std::vector<AuthKeySettings> keys;
  std::string jwks_file;  // empty: none
  Location jwks_location;
  std::vector<std::string> issuers;
  std::vector<std::string> audiences;
  std::chrono::seconds leeway{10};
  std::string roles_claim = "roles";
  std::string admin_role = "admin";
  bool public_metrics = false;                 // /metrics without a token
  AccessKind unsaid = AccessKind::kUnsaid;     // of products and updaters that say no `access`
  std::shared_ptr<const LoginSettings> login;  // null: tokens come from elsewhere
};

}  // namespace kck
