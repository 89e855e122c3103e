// Tokens that should pass, and the attacks on them that are known.
#include "auth/jwt.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "auth/jwk_set.h"
#include "auth/token_verifier.h"
#include "base/base64.h"
#include "base/secret.h"
#include "testing/key_pairs.h"

namespace kck {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNow = 1'800'000'000;
const std::string kSecret(48, 's');

JwtKey SecretKey(const std::string& id = "") { return *JwtKey::FromSecret(id, kSecret); }

std::string Body(std::string_view more = "") { return fmt::format(R"({{"sub":"ann","exp":{}{}}})", kNow + 60, more); }

class Tokens : public testing::Test {
 protected:
  std::string Signed(std::string_view body) const { return *MakeJwt(keys_.front(), TokenUse::kAccess, body); }

  // A token with any header, signed as `key` signs.
  static std::string WithHeader(std::string_view header, std::string_view body, const JwtKey& key) {
    const std::string text = Base64Url(header) + '.' + Base64Url(body);
    return text + '.' + Base64Url(*key.Sign(text));
  }

  Result<IdentityPtr> Verify(std::string_view token, TokenUse use = TokenUse::kAccess) const {
    return TokenVerifier(rules_, keys_).Verify(token, use, now_);
  }

  // "ok", or the error's name and message.
  std::string Verdict(std::string_view token) const {
    const Result<IdentityPtr> identity = Verify(token);
    return identity ? "ok" : fmt::format("{}: {}", ErrorName(identity.error().code), identity.error().message);
  }

  TokenRules rules_;
  std::vector<JwtKey> keys_{SecretKey()};
  std::int64_t now_ = kNow;
};

TEST_F(Tokens, SayWhoAsks) {
  const Result<IdentityPtr> identity =
      Verify(Signed(Body(R"(,"tenant":"a","n":7,"big":12345678901234567890,"admin":true,"none":null,"list":[1],)"
                         R"("app":{"plan":"pro","deep":{"x":1}},"roles":["b","a"],"sid":"s1")")));
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ((*identity)->subject, "ann");
  EXPECT_EQ((*identity)->session, "s1");
  const auto& claims = (*identity)->claims;
  EXPECT_EQ(claims.at("tenant"), "a");
  EXPECT_EQ(claims.at("n"), "7");
  EXPECT_EQ(claims.at("big"), "12345678901234567890");
  EXPECT_EQ(claims.at("admin"), "true");
  EXPECT_EQ(claims.at("none"), std::nullopt);
  EXPECT_EQ(claims.at("app.plan"), "pro");
  EXPECT_EQ(claims.at("app.deep.x"), "1");
  EXPECT_FALSE(claims.contains("list"));
  EXPECT_TRUE((*identity)->HasRole("a") && (*identity)->HasRole("b") && !(*identity)->HasRole("c"));
}

TEST_F(Tokens, OfEachAlgorithmPassAndOfNoOtherKey) {
  std::vector<JwtKey> all{SecretKey()};
  for (const JwtAlgorithm algorithm : {JwtAlgorithm::kRs256, JwtAlgorithm::kEs256, JwtAlgorithm::kEdDsa}) {
    all.push_back(*JwtKey::FromPem(algorithm, "", NewKeyPair(algorithm).private_pem));
  }
  for (const JwtKey& key : all) {
    keys_ = {key};
    std::string token = Signed(Body());
    EXPECT_EQ(Verdict(token), "ok") << JwtAlgorithmName(key.algorithm());
    for (const JwtKey& other : all) {
      keys_ = {other};
      if (other.algorithm() != key.algorithm()) EXPECT_NE(Verdict(token), "ok");
    }
    keys_ = {key};
    token[token.size() - 2] = token[token.size() - 2] == 'A' ? 'B' : 'A';
    EXPECT_THAT(Verdict(token), HasSubstr("AuthTokenInvalid"));
  }
}

TEST_F(Tokens, APublicKeyChecksAndCannotSign) {
  const KeyPair pair = NewKeyPair(JwtAlgorithm::kEs256);
  const std::string token =
      *MakeJwt(*JwtKey::FromPem(JwtAlgorithm::kEs256, "", pair.private_pem), TokenUse::kAccess, Body());
  keys_ = {*JwtKey::FromPem(JwtAlgorithm::kEs256, "", pair.public_pem)};
  EXPECT_EQ(Verdict(token), "ok");
  EXPECT_FALSE(keys_.front().can_sign());
  EXPECT_FALSE(MakeJwt(keys_.front(), TokenUse::kAccess, Body()));
}

// A public key is no secret: whoever has it could sign with it as HS256.
TEST_F(Tokens, OfASecretThatIsThePublicKeyDoNotPass) {
  const KeyPair pair = NewKeyPair(JwtAlgorithm::kRs256);
  keys_ = {*JwtKey::FromPem(JwtAlgorithm::kRs256, "", pair.public_pem)};
  const JwtKey confused = *JwtKey::FromSecret("", pair.public_pem);
  EXPECT_THAT(Verdict(*MakeJwt(confused, TokenUse::kAccess, Body())), HasSubstr("none of the keys"));
}

TEST_F(Tokens, WithoutASignatureDoNotPass) {
  const std::string body = Base64Url(Body());
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"nOnE"})", R"({"alg":""})"}) {
    EXPECT_THAT(Verdict(Base64Url(header) + '.' + body + '.'), HasSubstr("not signed"));
    EXPECT_THAT(Verdict(WithHeader(header, Body(), keys_.front())), HasSubstr("algorithm"));
  }
  const std::string token = Signed(Body());
  EXPECT_THAT(Verdict(token.substr(0, token.rfind('.') + 1)), HasSubstr("not signed"));
  EXPECT_THAT(Verdict(token.substr(0, token.rfind('.'))), HasSubstr("three parts"));
}

TEST_F(Tokens, BringNoKeysOfTheirOwn) {
  const KeyPair theirs = NewKeyPair(JwtAlgorithm::kEs256);
  const JwtKey key = *JwtKey::FromPem(JwtAlgorithm::kEs256, "", theirs.private_pem);
  for (const char* brought :
       {R"("jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"})", R"("jku":"https://evil.example")",
        R"("x5u":"https://evil.example")", R"("x5c":["AAAA"])"}) {
    const std::string header = fmt::format(R"({{"alg":"ES256",{}}})", brought);
    EXPECT_THAT(Verdict(WithHeader(header, Body(), key)), HasSubstr("none of the keys"));
  }
}

TEST_F(Tokens, ChooseAKeyByItsIdAlone) {
  keys_ = {SecretKey("one"), *JwtKey::FromSecret("two", std::string(48, 't'))};
  EXPECT_EQ(Verdict(WithHeader(R"({"alg":"HS256","kid":"two"})", Body(), keys_[1])), "ok");
  EXPECT_EQ(Verdict(WithHeader(R"({"alg":"HS256"})", Body(), keys_[1])), "ok") << "any may have signed it";
  for (const char* kid : {"one", "three", "../../../../dev/null", "two\\u0000", "two' or '1'='1", ""}) {
    const std::string header = fmt::format(R"({{"alg":"HS256","kid":"{}"}})", kid);
    EXPECT_THAT(Verdict(WithHeader(header, Body(), keys_[1])), HasSubstr("none of the keys")) << kid;
  }
  EXPECT_THAT(Verdict(WithHeader(R"({"alg":"HS256","kid":2})", Body(), keys_[1])), HasSubstr("kid"));
}

TEST_F(Tokens, EndAtTheirTimeAndTheLeeway) {
  rules_.leeway = std::chrono::seconds(10);
  const std::string token = Signed(fmt::format(R"({{"exp":{}}})", kNow));
  for (const auto& [now, verdict] : std::vector<std::pair<std::int64_t, const char*>>{
           {kNow + 9, "ok"}, {kNow + 10, "AuthTokenExpired"}, {kNow + 11, "AuthTokenExpired"}}) {
    now_ = now;
    EXPECT_THAT(Verdict(token), HasSubstr(verdict)) << now - kNow;
  }
}

TEST_F(Tokens, BeginAtTheirTimeAndTheLeeway) {
  rules_.leeway = std::chrono::seconds(10);
  for (const char* claim : {"nbf", "iat"}) {
    const std::string token = Signed(fmt::format(R"({{"exp":{},"{}":{}}})", kNow + 60, claim, kNow));
    now_ = kNow - 10;
    EXPECT_EQ(Verdict(token), "ok");
    now_ = kNow - 11;
    EXPECT_THAT(Verdict(token), HasSubstr(claim));
  }
}

TEST_F(Tokens, HaveTimesThatAreNumbers) {
  EXPECT_EQ(Verdict(Signed(fmt::format(R"({{"exp":{}.75}})", kNow + 60))), "ok");
  for (const char* time : {R"("1900000000")", "true", "null", "[1900000000]", "1e400", "1e300", R"({"$gt":0})"}) {
    EXPECT_THAT(Verdict(Signed(fmt::format(R"({{"exp":{}}})", time))), HasSubstr("AuthTokenInvalid")) << time;
  }
  EXPECT_THAT(Verdict(Signed(R"({"sub":"ann"})")), HasSubstr("no end"));
  EXPECT_THAT(Verdict(Signed(R"({"exp":-1})")), HasSubstr("AuthTokenExpired"));
}

TEST_F(Tokens, AreOfAnIssuerThatIsTrusted) {
  rules_.issuers = {"https://id.example", "https://other.example"};
  EXPECT_EQ(Verdict(Signed(Body(R"(,"iss":"https://other.example")"))), "ok");
  EXPECT_THAT(Verdict(Signed(Body(R"(,"iss":"https://id.example/")"))), HasSubstr("iss"));
  EXPECT_THAT(Verdict(Signed(Body())), HasSubstr("iss"));
  EXPECT_THAT(Verdict(Signed(Body(R"(,"iss":["https://id.example"])"))), HasSubstr("iss"));
}

TEST_F(Tokens, AreMeantForThisServer) {
  EXPECT_EQ(Verdict(Signed(Body())), "ok");
  EXPECT_THAT(Verdict(Signed(Body(R"(,"aud":"shop")"))), HasSubstr("aud")) << "it names somebody else";
  rules_.audiences = {"shop"};
  EXPECT_EQ(Verdict(Signed(Body(R"(,"aud":"shop")"))), "ok");
  EXPECT_EQ(Verdict(Signed(Body(R"(,"aud":["blog","shop"])"))), "ok");
  EXPECT_THAT(Verdict(Signed(Body(R"(,"aud":"sho")"))), HasSubstr("aud"));
  EXPECT_THAT(Verdict(Signed(Body(R"(,"aud":[])"))), HasSubstr("aud"));
  EXPECT_THAT(Verdict(Signed(Body(R"(,"aud":[["shop"]])"))), HasSubstr("aud"));
  EXPECT_THAT(Verdict(Signed(Body())), HasSubstr("aud"));
}

TEST_F(Tokens, SayNothingTwice) {
  for (const char* twice : {R"(,"sub":"bob")", R"(,"s\u0075b":"bob")", R"(,"exp":1)", R"(,"a":{"b":1,"b":2})"}) {
    EXPECT_THAT(Verdict(Signed(Body(twice))), HasSubstr("twice")) << twice;
  }
  EXPECT_THAT(Verdict(WithHeader(R"({"alg":"none","alg":"HS256"})", Body(), keys_.front())), HasSubstr("Invalid"));
  EXPECT_THAT(Verdict(WithHeader(R"({"alg":"HS256","alg":"HS256"})", Body(), keys_.front())), HasSubstr("twice"));
}

TEST_F(Tokens, OfMembersWithinObjectsTakeNoOthersName) {
  const Result<IdentityPtr> identity =
      Verify(Signed(Body(R"(,"app":{"tenant":"b","x":{"y":1}},"app.tenant":"a","app.x":{"y":2})")));
  ASSERT_TRUE(identity);
  EXPECT_EQ((*identity)->claims.at("app.tenant"), "a");
}

TEST_F(Tokens, AreSmallAndFlat) {
  EXPECT_THAT(Verdict(Signed(Body(fmt::format(R"(,"x":"{}")", std::string(kTokenBytesMax, 'x'))))), HasSubstr("bytes"));
  const std::string deep(1000, '[');
  EXPECT_THAT(Verdict(Signed(Body(R"(,"x":)" + deep + std::string(1000, ']')))), HasSubstr("no JSON object"));
  EXPECT_THAT(Verdict(Signed(Body(R"(,"x":)" + std::string(10, '[') + std::string(10, ']')))), "ok");
  std::string many;
  for (int i = 0; i < 300; ++i) many += fmt::format(R"(,"c{}":1)", i);
  EXPECT_THAT(Verdict(Signed(Body(many))), HasSubstr("too many"));
}

TEST_F(Tokens, AreSpelledInOneWay) {
  const std::string token = Signed(Body());
  const std::size_t last = token.rfind('.');
  EXPECT_THAT(Verdict(token + "="), HasSubstr("base64url"));
  EXPECT_THAT(Verdict(token + "\n"), HasSubstr("base64url"));
  EXPECT_THAT(Verdict(" " + token), HasSubstr("base64url"));
  EXPECT_THAT(Verdict(token.substr(0, last) + ".+" + token.substr(last + 2)), HasSubstr("base64url"));
  EXPECT_THAT(Verdict(token + "." + token), HasSubstr("three parts"));
  // The last digit of 32 bytes holds two bits that no byte takes.
  std::string other = token;
  other.back() = static_cast<char>(other.back() + 1);
  EXPECT_THAT(Verdict(other), HasSubstr("AuthTokenInvalid"));
  for (const char* text : {"", ".", "..", "...", "a.b.c", "e30.e30.e30", "W10.e30.QQ", "null.null.null"}) {
    EXPECT_THAT(Verdict(text), HasSubstr("AuthTokenInvalid")) << text;
  }
}

TEST_F(Tokens, AskForNothingThatIsNotThere) {
  EXPECT_THAT(Verdict(WithHeader(R"({"alg":"HS256","crit":["b64"],"b64":false})", Body(), keys_.front())),
              HasSubstr("crit"));
}

TEST_F(Tokens, OfOneUseAreNotOfTheOther) {
  const std::string refresh = *MakeJwt(keys_.front(), TokenUse::kRefresh, Body());
  EXPECT_THAT(Verdict(refresh), HasSubstr("another use"));
  EXPECT_TRUE(Verify(refresh, TokenUse::kRefresh));
  EXPECT_FALSE(Verify(Signed(Body()), TokenUse::kRefresh));
  EXPECT_EQ(Verdict(WithHeader(R"({"alg":"HS256","typ":"application/at+JWT"})", Body(), keys_.front())), "ok");
  EXPECT_THAT(Verdict(WithHeader(R"({"alg":"HS256","typ":"dpop+jwt"})", Body(), keys_.front())), HasSubstr("typ"));
}

TEST_F(Tokens, HaveRolesWhereTheRulesSay) {
  rules_.roles_claim = "scope";
  EXPECT_TRUE((*Verify(Signed(Body(R"(,"scope":"read  write")"))))->HasRole("write"));
  rules_.roles_claim = "realm_access.roles";
  EXPECT_TRUE((*Verify(Signed(Body(R"(,"realm_access":{"roles":["editor"]})"))))->HasRole("editor"));
  EXPECT_THAT(Verdict(Signed(Body(R"(,"realm_access":{"roles":[1]})"))), HasSubstr("roles"));
}

TEST_F(Tokens, OfOneIssuerAndIdHaveOneTokenId) {
  const auto id = [&](std::string_view more) { return (*Verify(Signed(Body(more))))->token_id; };
  EXPECT_EQ(id(R"(,"jti":"1","x":1)"), id(R"(,"jti":"1","x":2)"));
  EXPECT_NE(id(R"(,"jti":"1")"), id(R"(,"jti":"2")"));
  EXPECT_NE(id(R"(,"jti":"1","iss":"a")"), id(R"(,"jti":"1","iss":"b")"));
  EXPECT_NE(id(R"(,"x":1)"), id(R"(,"x":2)"));
}

}  // namespace
}  // namespace kck
