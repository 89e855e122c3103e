#include "auth/jwt_key.h"

#include <gmock/gmock.h>

#include "auth/jwk_set.h"
#include "testing/key_pairs.h"

namespace kck {
namespace {

using testing::HasSubstr;

std::string Refusal(const Result<JwtKey>& key) { return key ? "taken" : key.error().message; }

TEST(JwtKeys, AreOfTheirAlgorithm) {
  const KeyPair p384 = NewKeyPair("EC", "P-384", 0);
  EXPECT_THAT(Refusal(JwtKey::FromPem(JwtAlgorithm::kEs256, "", p384.private_pem)), HasSubstr("P-256"));
  EXPECT_THAT(Refusal(JwtKey::FromPem(JwtAlgorithm::kRs256, "", p384.public_pem)), HasSubstr("RSA"));
  const KeyPair ed448 = NewKeyPair("ED448", "", 0);
  EXPECT_THAT(Refusal(JwtKey::FromPem(JwtAlgorithm::kEdDsa, "", ed448.public_pem)), HasSubstr("Ed25519"));
  const KeyPair rsa = NewKeyPair(JwtAlgorithm::kRs256);
  EXPECT_THAT(Refusal(JwtKey::FromPem(JwtAlgorithm::kHs256, "", rsa.public_pem)), HasSubstr("secret"));
  EXPECT_EQ(Refusal(JwtKey::FromPem(JwtAlgorithm::kRs256, "", rsa.public_pem)), "taken");
}

TEST(JwtKeys, AreLongEnough) {
  EXPECT_THAT(Refusal(JwtKey::FromSecret("", std::string(31, 'x'))), HasSubstr("32 bytes"));
  EXPECT_EQ(Refusal(JwtKey::FromSecret("", std::string(32, 'x'))), "taken");
  const KeyPair rsa = NewKeyPair("RSA", "", 1024);
  EXPECT_THAT(Refusal(JwtKey::FromPem(JwtAlgorithm::kRs256, "", rsa.public_pem)), HasSubstr("2048"));
}

TEST(JwtKeys, AreInPem) {
  for (const char* text : {"", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}) {
    EXPECT_THAT(Refusal(JwtKey::FromPem(JwtAlgorithm::kEs256, "", text)), HasSubstr("PEM"));
  }
}

// RFC 7515, A.1: a token with its key.
TEST(JwtKeys, SignAsTheStandardsExample) {
  const auto keys = ReadJwkSet(
      R"({"keys":[{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}]})");
  ASSERT_TRUE(keys) << keys.error().message;
  const std::string signature = *keys->front().Sign(
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
      "bS9pc19yb290Ijp0cnVlfQ");
  EXPECT_EQ(static_cast<unsigned char>(signature[0]), 116) << "as the example has it";
  EXPECT_EQ(static_cast<unsigned char>(signature[31]), 121);
}

// RFC 8037, A.2 and A.4.
TEST(JwtKeys, CheckTheStandardsEd25519Example) {
  const auto keys = ReadJwkSet(
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->front().id(), "k");
  EXPECT_FALSE(keys->front().can_sign());
  EXPECT_FALSE(keys->front().Verifies("x", std::string(64, '\0')));
}

constexpr const char* kEcKey =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"%s})";

std::string EcKey(const std::string& more) {
  std::string key = kEcKey;
  return key.replace(key.find("%s"), 2, more);
}

std::string SetOf(const std::string& members) { return R"({"keys":[)" + members + "]}"; }

TEST(JwkSets, HoldTheKeysThatCheckTokens) {
  const auto keys = ReadJwkSet(SetOf(EcKey("") + "," + EcKey(R"(,"use":"enc")") + "," + EcKey(R"(,"alg":"ES512")") +
                                     R"(,{"kty":"EC","crv":"P-384","x":"","y":""},{"kty":"new"},)" +
                                     EcKey(R"(,"use":"sig","alg":"ES256","kid":"b","key_ops":["verify"])") + "," +
                                     EcKey(R"(,"key_ops":["sign"])")));
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ((*keys)[1].id(), "b");
}

TEST(JwkSets, AreRefusedWithThePlace) {
  const auto refusal = [](const std::string& text) {
    const auto keys = ReadJwkSet(text);
    return keys ? "taken" : keys.error().message;
  };
  EXPECT_THAT(refusal("[]"), HasSubstr("no JWK set"));
  EXPECT_THAT(refusal("{"), HasSubstr("no JWK set"));
  EXPECT_THAT(refusal(SetOf("")), HasSubstr("no key"));
  EXPECT_THAT(refusal(SetOf("1")), HasSubstr("key 1"));
  EXPECT_THAT(refusal(SetOf(EcKey("") + R"(,{"kty":"oct","k":"AA"})")), HasSubstr("key 2"));
  std::string off_the_curve = EcKey("");
  off_the_curve.replace(off_the_curve.find("x_FE"), 4, "x_FF");
  EXPECT_THAT(refusal(SetOf(off_the_curve)), HasSubstr("no key of ES256"));
  EXPECT_THAT(refusal(SetOf(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})")), HasSubstr("2048"));
  EXPECT_THAT(refusal(SetOf(R"({"kty":"OKP","crv":"Ed25519","x":"AA"})")), HasSubstr("no key of EdDSA"));
}

}  // namespace
}  // namespace kck
