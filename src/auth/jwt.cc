#include "auth/jwt.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <boost/algorithm/string/predicate.hpp>
#include <set>

#include "base/base64.h"
#include "base/json.h"

namespace kck {
namespace {

constexpr std::string_view kRefreshType = "kck-refresh+jwt";

Failure Invalid(std::string message) { return Fail(ErrorCode::kTokenInvalid, std::move(message)); }

// The header as far as KCK reads it.
class HeaderReader {
 public:
  explicit HeaderReader(Jwt& jwt) : jwt_(jwt) {}

  Result<void> Read(const simdjson::dom::object& header) {
    for (const auto& [name, value] : header) {
      if (!names_.insert(name).second) return Invalid("a member of the token's header stands twice");
      if (Result<void> read = ReadMember(name, value); !read) return read;
    }
    if (!names_.contains("alg")) return Invalid("the token's header names no algorithm");
    return {};
  }

 private:
  Result<void> ReadMember(std::string_view name, simdjson::dom::element value) {
    if (name == "crit") return Invalid("the token's header asks for extensions that KCK has not (crit)");
    if (name != "alg" && name != "kid" && name != "typ") return {};
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) {
      return Invalid(fmt::format("{} in the token's header is no string", name));
    }
    if (name == "alg") return ReadAlgorithm(text);
    if (name == "typ") return ReadType(text);
    jwt_.key_id = std::string(text);
    return {};
  }

  Result<void> ReadAlgorithm(std::string_view name) {
    const std::optional<JwtAlgorithm> algorithm = ParseJwtAlgorithm(name);
    if (!algorithm) return Invalid("the token's algorithm is none of HS256, RS256, ES256 and EdDSA");
    jwt_.algorithm = *algorithm;
    return {};
  }

  // RFC 7515, 4.1.9: case does not count, and application/ may be left out.
  Result<void> ReadType(std::string_view name) {
    constexpr std::string_view kMedia = "application/";
    if (boost::algorithm::istarts_with(name, kMedia)) name.remove_prefix(kMedia.size());
    if (boost::algorithm::iequals(name, kRefreshType)) {
      jwt_.use = TokenUse::kRefresh;
    } else if (!boost::algorithm::iequals(name, "JWT") && !boost::algorithm::iequals(name, "at+jwt")) {
      return Invalid("the token's type (typ) is not that of an access token");
    }
    return {};
  }

  Jwt& jwt_;
  std::set<std::string_view> names_;
};

Result<void> ReadHeader(Jwt& jwt, const std::string& text) {
  simdjson::dom::parser parser;
  simdjson::dom::object header;
  if (parser.allocate(text.size(), kTokenDepthMax) != simdjson::SUCCESS ||
      parser.parse(simdjson::padded_string(text)).get_object().get(header) != simdjson::SUCCESS) {
    return Invalid("the token's header is no JSON object");
  }
  return HeaderReader(jwt).Read(header);
}

}  // namespace

Result<Jwt> ParseJwt(std::string_view token) {
  if (token.size() > kTokenBytesMax) return Invalid(fmt::format("the token has over {} bytes", kTokenBytesMax));
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', std::min(first, token.size() - 1) + 1);
  if (token.empty() || second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return Invalid("a token has three parts, with a dot between them");
  }
  const std::optional<std::string> header = FromBase64Url(token.substr(0, first));
  std::optional<std::string> claims = FromBase64Url(token.substr(first + 1, second - first - 1));
  std::optional<std::string> signature = FromBase64Url(token.substr(second + 1));
  if (!header || !claims || !signature) return Invalid("a part of the token is no base64url");
  if (signature->empty()) return Invalid("the token is not signed");
  Jwt jwt;
  if (Result<void> read = ReadHeader(jwt, *header); !read) return Failure(std::move(read.error()));
  jwt.signed_text = token.substr(0, second);
  jwt.signature = *std::move(signature);
  jwt.claims = *std::move(claims);
  return jwt;
}

Result<std::string> MakeJwt(const JwtKey& key, TokenUse use, std::string_view claims) {
  std::string header = fmt::format(R"({{"alg":"{}","typ":"{}")", JwtAlgorithmName(key.algorithm()),
                                   use == TokenUse::kRefresh ? kRefreshType : "JWT");
  if (!key.id().empty()) {
    header += R"(,"kid":)";
    AppendJsonString(header, key.id());
  }
  header += '}';
  std::string token = Base64Url(header) + '.' + Base64Url(claims);
  const Result<std::string> signature = key.Sign(token);
  if (!signature) return Failure(signature.error());
  return token + '.' + Base64Url(*signature);
}

}  // namespace kck
