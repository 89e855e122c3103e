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

}  // namespace
}  // namespace kck
