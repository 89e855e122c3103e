#include "base/base64.h"

#include <gtest/gtest.h>

namespace kck {
namespace {

TEST(Base64, MatchesTheRfc) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"},
                                                       {"\xff\xfe\xfb", "//77"}};
  for (const auto& [bytes, text] : cases) {
    std::string out;
    AppendBase64(out, bytes);
    EXPECT_EQ(out, text);
  }
}

TEST(Base64Url, BringsBytesBack) {
  for (const std::string bytes : {"", "f", "fo", "foo", "\xff\xfe\xfb", "\xfb\xff"}) {
    const std::string text = Base64Url(bytes);
    EXPECT_EQ(text.find_first_of("+/="), std::string::npos) << text;
    EXPECT_EQ(FromBase64Url(text), bytes);
  }
}

TEST(Base64Url, TakesTheOneSpellingOnly) {
  for (const char* text : {"Zg==", "Zh", "Z", "Zm9vY", "Zm 9v", "Zm9v+A", "\xff"}) {
    EXPECT_FALSE(FromBase64Url(text)) << text;
  }
}

}  // namespace
}  // namespace kck
