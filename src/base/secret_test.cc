#include "base/secret.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace kck {
namespace {

TEST(Secret, MacIsThatOfRfc4231) {
  EXPECT_EQ(Base64Url(Mac("Jefe", "what do ya want for nothing?")), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
}

TEST(Secret, ComparesWholeMacs) {
  EXPECT_TRUE(SameMac("abc", "abc"));
  EXPECT_FALSE(SameMac("abc", "abd"));
  EXPECT_FALSE(SameMac("abc", "ab"));
}

TEST(Secret, RandomBytesDiffer) {
  EXPECT_EQ(RandomBytes(32).size(), 32U);
  EXPECT_NE(RandomBytes(32), RandomBytes(32));
}

}  // namespace
}  // namespace kck
