// `kck token`: what an operator needs of tokens without another program.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <iostream>

#include "apps/commands.h"
#include "apps/print.h"
#include "auth/key_loader.h"
#include "auth/password.h"
#include "auth/token_verifier.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/json_object.h"
#include "base/secret.h"
#include "model/loader.h"
#include "model/span.h"

namespace kck {
namespace {

// What the folder says of tokens. Its other faults do not matter here.
struct FolderAuth {
  AuthSettings settings;
  std::vector<JwtKey> keys;
};

tl::expected<FolderAuth, std::string> LoadAuth(const std::string& folder) {
  FolderAuth auth{LoadFolder(folder).settings.auth, {}};
  if (!auth.settings.on)
    return tl::unexpected(std::string("kck.yml has no auth: add auth: {keys: […]}, or name its --folder"));
  Faults faults;
  auth.keys = LoadKeys(auth.settings, faults);
  if (faults.empty()) return auth;
  return tl::unexpected(FaultText(faults.front()));
}

std::int64_t UnixSeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Result<IdentityPtr> Verify(const FolderAuth& auth, std::string_view token) {
  return TokenVerifier(RulesOf(auth.settings), auth.keys).Verify(token, TokenUse::kAccess, UnixSeconds());
}

const JwtKey* SigningKey(const std::vector<JwtKey>& keys, const std::string& id) {
  const JwtKey* found = nullptr;
  for (const JwtKey& key : keys) {
    if (!key.can_sign() || (!id.empty() && key.id() != id)) continue;
    if (found != nullptr) return nullptr;
    found = &key;
  }
  return found;
}

// The claims of a new token; nothing where one of --claim has no name.
std::optional<std::string> ClaimsOf(const TokenOptions& options, const AuthSettings& settings,
                                    std::chrono::seconds life) {
  const std::int64_t now = UnixSeconds();
  std::string json;
  JsonObject claims(json);
  if (!options.subject.empty()) claims.Text("sub", options.subject);
  if (!settings.issuers.empty()) claims.Text("iss", settings.issuers.front());
  if (!settings.audiences.empty()) claims.Text("aud", settings.audiences.front());
  claims.Number("iat", static_cast<std::uint64_t>(now));
  claims.Number("exp", static_cast<std::uint64_t>(now + life.count()));
  claims.Text("jti", Base64Url(RandomBytes(16)));
  if (!options.roles.empty())
    AppendJsonList(claims.Member(settings.roles_claim), options.roles,
                   [&](const auto& role) { AppendJsonString(json, role); });
  for (const std::string& claim : options.claims) {
    const std::size_t sign = claim.find('=');
    if (sign == 0 || sign == std::string::npos) return std::nullopt;
    const std::string value = claim.substr(sign + 1);
    if (IsJson(value)) {
      claims.Member(claim.substr(0, sign)) += value;
    } else {
      claims.Text(claim.substr(0, sign), value);
    }
  }
  claims.End();
  return json;
}

std::string ReadLine() {
  std::string line;
  std::getline(std::cin, line);
  while (line.ends_with('\r')) line.pop_back();
  return line;
}

// Without showing what is typed.
std::string ReadPassword() {
  termios shown{};
  if (isatty(STDIN_FILENO) == 0 || tcgetattr(STDIN_FILENO, &shown) != 0) return ReadLine();
  fmt::print(stderr, "Password: ");
  termios hidden = shown;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  std::string password = ReadLine();
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
  fmt::print(stderr, "\n");
  return password;
}

// A part of a token, decoded; an empty object where that cannot be.
std::string PartOf(std::string_view token, std::size_t from) {
  const std::size_t end = std::min(token.find('.', from), token.size());
  std::string part = FromBase64Url(token.substr(from, end - from)).value_or("");
  return IsJson(part) ? part : "{}";
}

}  // namespace

int NewToken(const TokenOptions& options) {
  const auto auth = LoadAuth(options.folder);
  if (!auth) return Failed(auth.error());
  const auto life = ParseSpan(options.life);
  if (!life || *life < std::chrono::seconds(1)) {
    Failed(fmt::format("'{}' is no --life: a second or more, as 30s, 15m, 1h or 1d", options.life));
    return kExitUsage;
  }
  const JwtKey* key = SigningKey(auth->keys, options.key);
  if (key == nullptr) {
    return Failed(
        "there is not one key to sign with: it takes a secret or a private key in auth.keys; --key ID chooses among "
        "several");
  }
  const auto claims = ClaimsOf(options, auth->settings, std::chrono::floor<std::chrono::seconds>(*life));
  if (!claims) {
    Failed("a --claim is NAME=VALUE, as tenant=acme");
    return kExitUsage;
  }
  const Result<std::string> token = MakeJwt(*key, TokenUse::kAccess, *claims);
  if (!token) return Failed(token.error().message);
  if (const auto taken = Verify(*auth, *token); !taken) {
    return Failed(fmt::format("no token of these claims would be taken: {}", taken.error().message));
  }
  PrintLine(*token);
  return kExitOk;
}

int InspectToken(const TokenOptions& options, const std::string& token) {
  const std::string text = token == "-" ? ReadLine() : token;
  const auto auth = LoadAuth(options.folder);
  if (!auth) return Failed(auth.error());
  const Result<IdentityPtr> identity = Verify(*auth, text);
  const std::string header = PartOf(text, 0);
  const std::string claims = PartOf(text, std::min(text.find('.'), text.size() - 1) + 1);
  const std::string verdict =
      identity ? "taken" : fmt::format("{}: {}", ErrorName(identity.error().code), identity.error().message);
  if (options.json) {
    std::string json;
    JsonObject object(json);
    object.Bool("taken", identity.has_value());
    object.Text("verdict", verdict);
    object.Member("header") += header;
    object.Member("claims") += claims;
    object.End();
    PrintLine(json);
  } else {
    PrintLine(fmt::format("header   {}\nclaims   {}\nverdict  {}", header, claims, verdict));
  }
  return identity ? kExitOk : kExitFailed;
}

int PrintPasswordHash() {
  const std::string password = ReadPassword();
  if (password.empty()) return Failed("there is no password on standard input");
  const Result<std::string> hash = HashPassword(password);
  if (!hash) return Failed(hash.error().message);
  PrintLine(*hash);
  return kExitOk;
}

}  // namespace kck
