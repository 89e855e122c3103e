#include "auth/jwk_set.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <simdjson.h>

#include "base/base64.h"
#include "base/freed_by.h"

namespace kck {
namespace {

using Object = simdjson::dom::object;

using NumberPtr = std::unique_ptr<BIGNUM, FreedBy<BN_free>>;
using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, FreedBy<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, FreedBy<OSSL_PARAM_free>>;
using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, FreedBy<EVP_PKEY_CTX_free>>;

constexpr std::size_t kCoordinateBytes = 32;

Failure Unfit(std::string message) { return Fail(ErrorCode::kBadRequest, std::move(message)); }

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string_view Text(const Object& jwk, const char* name) {
  std::string_view text;
  return jwk[name].get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

// A member that holds bytes; empty where there is none.
std::string Decoded(const Object& jwk, const char* name) { return FromBase64Url(Text(jwk, name)).value_or(""); }

JwtKey::Evp FromParams(const char* kind, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const ContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return {key, EVP_PKEY_free};
}

JwtKey::Evp RsaKey(const Object& jwk) {
  std::string modulus = Decoded(jwk, "n");
  std::string exponent = Decoded(jwk, "e");
  if (modulus.empty() || exponent.empty()) return nullptr;
  const NumberPtr n(BN_bin2bn(Bytes(modulus), static_cast<int>(modulus.size()), nullptr));
  const NumberPtr e(BN_bin2bn(Bytes(exponent), static_cast<int>(exponent.size()), nullptr));
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return FromParams("RSA", builder.get());
}

// OpenSSL refuses a point that is not on the curve.
JwtKey::Evp EcKey(const Object& jwk) {
  const std::string x = Decoded(jwk, "x");
  const std::string y = Decoded(jwk, "y");
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) return nullptr;
  std::string point = "\x04" + x + y;
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, Bytes(point), point.size());
  return FromParams("EC", builder.get());
}

JwtKey::Evp Ed25519Key(const Object& jwk) {
  std::string x = Decoded(jwk, "x");
  return {EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(x), x.size()), EVP_PKEY_free};
}

// What the key's kind, and its curve, is used for; nothing: KCK has no use for it.
std::optional<JwtAlgorithm> AlgorithmOf(const Object& jwk) {
  const std::string_view kind = Text(jwk, "kty");
  const std::string_view curve = Text(jwk, "crv");
  if (kind == "oct") return JwtAlgorithm::kHs256;
  if (kind == "RSA") return JwtAlgorithm::kRs256;
  if (kind == "EC" && curve == "P-256") return JwtAlgorithm::kEs256;
  if (kind == "OKP" && curve == "Ed25519") return JwtAlgorithm::kEdDsa;
  return std::nullopt;
}

bool ChecksTokens(const Object& jwk) {
  const std::string_view use = Text(jwk, "use");
  if (!use.empty() && use != "sig") return false;
  simdjson::dom::array operations;
  if (jwk["key_ops"].get_array().get(operations) != simdjson::SUCCESS) return true;
  return std::ranges::any_of(operations, [](simdjson::dom::element operation) {
    std::string_view name;
    return operation.get_string().get(name) == simdjson::SUCCESS && name == "verify";
  });
}

Result<JwtKey> ReadKey(const Object& jwk, JwtAlgorithm algorithm) {
  std::string id(Text(jwk, "kid"));
  if (algorithm == JwtAlgorithm::kHs256) return JwtKey::FromSecret(std::move(id), Decoded(jwk, "k"));
  JwtKey::Evp key;
  if (algorithm == JwtAlgorithm::kRs256) key = RsaKey(jwk);
  if (algorithm == JwtAlgorithm::kEs256) key = EcKey(jwk);
  if (algorithm == JwtAlgorithm::kEdDsa) key = Ed25519Key(jwk);
  if (!key) return Unfit(fmt::format("its numbers are no key of {}", JwtAlgorithmName(algorithm)));
  return JwtKey::FromEvp(algorithm, std::move(id), std::move(key), false);
}

}  // namespace

Result<std::vector<JwtKey>> ReadJwkSet(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::array members;
  if (parser.parse(simdjson::padded_string(text)).at_key("keys").get_array().get(members) != simdjson::SUCCESS) {
    return Unfit("it is no JWK set: a JSON object with a list `keys`");
  }
  std::vector<JwtKey> keys;
  std::size_t place = 0;
  for (const simdjson::dom::element member : members) {
    Object jwk;
    ++place;
    if (member.get_object().get(jwk) != simdjson::SUCCESS) return Unfit(fmt::format("key {} is no object", place));
    const std::optional<JwtAlgorithm> algorithm = AlgorithmOf(jwk);
    const std::string_view said = Text(jwk, "alg");
    if (!algorithm || !ChecksTokens(jwk)) continue;
    // As RS512 of a key that could make RS256: its owner pins another one.
    if (!said.empty() && said != JwtAlgorithmName(*algorithm)) continue;
    Result<JwtKey> key = ReadKey(jwk, *algorithm);
    if (!key) return Unfit(fmt::format("key {} (kid {}): {}", place, Text(jwk, "kid"), key.error().message));
    keys.push_back(*std::move(key));
  }
  if (keys.empty()) return Unfit("it holds no key of RS256, ES256, EdDSA (Ed25519) or HS256 that checks signatures");
  return keys;
}

}  // namespace kck
