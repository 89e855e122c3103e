#include "auth/password.h"

#include <gmock/gmock.h>

#include "auth/nobody.h"

namespace kck {
namespace {

TEST(Passwords, MatchTheirHash) {
  const std::string hash = *HashPassword("secret");
  EXPECT_THAT(hash, testing::StartsWith("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_TRUE(IsPassword(hash, "secret"));
  EXPECT_FALSE(IsPassword(hash, "Secret"));
  EXPECT_FALSE(IsPassword(hash, ""));
  EXPECT_FALSE(IsPassword(hash, std::string_view("secret\0", 7)));
  EXPECT_NE(*HashPassword("secret"), hash) << "each has a salt of its own";
  EXPECT_FALSE(HashPassword(std::string(kPasswordBytesMax + 1, 'x')));
}

// Of the command `argon2 somesalt -id -t 2 -k 256 -p 1`.
TEST(Passwords, OfOtherProgramsMatchToo) {
  EXPECT_TRUE(
      IsPassword("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"));
}

TEST(Passwords, HaveHashesThatAreNoTraps) {
  for (const char* hash :
       {"", "x", "$argon2id$", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=99999999,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1000$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ", "$argon2id$v=19$m=256,t=2,p=1",
        "5f4dcc3b5aa765d61d8327deb882cf99"}) {
    EXPECT_FALSE(IsPassword(hash, "password")) << hash;
  }
}

TEST(Passwords, NobodysHashIsOfNoPassword) {
  const std::string hash = NobodysHash("$argon2id$v=19$m=256,t=1,p=1$");
  EXPECT_THAT(hash, testing::StartsWith("$argon2id$v=19$m=256,t=1,p=1$"));
  EXPECT_TRUE(IsPasswordHash(hash));
  EXPECT_FALSE(IsPassword(hash, ""));
}

TEST(Passwords, NobodyCostsWhatUsersCost) {
  Nobody nobody;
  EXPECT_EQ(CostsOf(nobody.Hash()), CostsOf(*HashPassword("secret")));
  nobody.Learn("$argon2id$v=19$m=256,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4");
  EXPECT_THAT(nobody.Hash(), testing::StartsWith("$argon2id$v=19$m=256,t=1,p=1$"));
  nobody.Learn(*HashPassword("secret"));
  EXPECT_EQ(CostsOf(nobody.Hash()), UsualCosts());
}

// Of Python's hashlib.md5(b"salt" + b"blah").
TEST(Passwords, OfKck06AreMd5) { EXPECT_EQ(PasswordHash06("salt", "blah"), "c56bb218cf42aa7a08aad7012d33f6b9"); }

}  // namespace
}  // namespace kck
