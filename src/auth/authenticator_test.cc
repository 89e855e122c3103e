#include "auth/authenticator.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "auth/jwt.h"
#include "store/open.h"
#include "testing/manual_scheduler.h"

namespace kck {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;

JwtKey Key(char c) { return *JwtKey::FromSecret("", std::string(32, c)); }

std::string TokenOf(const JwtKey& key, std::string_view subject, std::int64_t life = 60) {
  return *MakeJwt(key, TokenUse::kAccess, fmt::format(R"({{"sub":"{}","exp":{}}})", subject, kNow + life));
}

class Authentication : public testing::Test {
 protected:
  std::string Subject(std::string_view token, std::int64_t now = kNow) {
    const Result<IdentityPtr> identity = cache_.Verify(token, now);
    return identity ? (*identity)->subject : std::string(ErrorName(identity.error().code));
  }

  AuthSettings settings_;
  Authenticator authenticator_{settings_, {Key('a')}};
  TokenCache cache_{authenticator_};
};

TEST_F(Authentication, ATokenIsCheckedOnce) {
  const std::string token = TokenOf(Key('a'), "ann");
  EXPECT_EQ(Subject(token), "ann");
  EXPECT_EQ(*cache_.Verify(token, kNow), *cache_.Verify(token, kNow));
  EXPECT_EQ(Subject(token + "x"), "AuthTokenInvalid");
  EXPECT_EQ(Subject(token.substr(1)), "AuthTokenInvalid");
}

TEST_F(Authentication, AVerdictEndsWithTheToken) {
  const std::string token = TokenOf(Key('a'), "ann", 60);
  EXPECT_EQ(Subject(token, kNow + 69), "ann") << "with the leeway of ten seconds";
  EXPECT_EQ(Subject(token, kNow + 70), "AuthTokenExpired");
  EXPECT_EQ(Subject(token, kNow + 71), "AuthTokenExpired");
}

TEST_F(Authentication, AKeyThatIsGoneOpensNothing) {
  const std::string token = TokenOf(Key('a'), "ann");
  EXPECT_EQ(Subject(token), "ann");
  authenticator_.Replace(settings_, {Key('a'), Key('b')});
  EXPECT_EQ(Subject(token), "ann");
  EXPECT_EQ(Subject(TokenOf(Key('b'), "bob")), "bob");
  authenticator_.Replace(settings_, {Key('b')});
  EXPECT_EQ(Subject(token), "AuthTokenInvalid");
  EXPECT_EQ(Subject(TokenOf(Key('b'), "bob")), "bob");
}

TEST_F(Authentication, RulesChangeToo) {
  const std::string token = TokenOf(Key('a'), "ann");
  EXPECT_EQ(Subject(token), "ann");
  settings_.issuers = {"https://id.example"};
  authenticator_.Replace(settings_, {Key('a')});
  EXPECT_EQ(Subject(token), "AuthTokenInvalid");
}

TEST_F(Authentication, ManyTokensAreNotKeptForEver) {
  for (int i = 0; i < 10000; ++i) EXPECT_EQ(Subject(TokenOf(Key('a'), std::to_string(i))), std::to_string(i));
}

TEST_F(Authentication, ASessionThatHasEndedOpensNothing) {
  ManualScheduler scheduler;
  const auto store = OpenMemoryStore(scheduler);
  Sessions sessions(*store);
  const Authenticator authenticator(settings_, {Key('a')}, &sessions);
  TokenCache cache(authenticator);
  const auto token_of = [](std::string_view session) {
    return *MakeJwt(Key('a'), TokenUse::kAccess, fmt::format(R"({{"sid":"{}","exp":{}}})", session, kNow + 60));
  };
  const std::string one = token_of("one");
  const std::string two = token_of("two");
  const IdentityPtr identity = *cache.Verify(one, kNow);
  ASSERT_TRUE(cache.Verify(two, kNow));
  sessions.End(*identity, kNow + 70, kNow, [](const Result<void>&) {});
  for (int i = 0; i < 2; ++i) {
    const auto refused = cache.Verify(one, kNow);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("has ended"));
    EXPECT_TRUE(cache.Verify(two, kNow));
  }
  TokenCache another(authenticator);
  EXPECT_FALSE(another.Verify(one, kNow));
}

}  // namespace
}  // namespace kck
