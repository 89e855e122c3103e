#include "base/json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <limits>

namespace kck {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

std::string Number(double number) {
  std::string out;
  AppendJsonDouble(out, number);
  return out;
}

TEST(JsonString, EscapesWhatItMust) {
  EXPECT_EQ(Quoted("a\"b\\c\n\r\t\x01\x1f/ä€😀"), R"("a\"b\\c\n\r\t\u0001\u001f/ä€😀")");
  EXPECT_EQ(Quoted(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(JsonString, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(Quoted("a\xff"
                   "b"),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(Quoted("\xc0\xaf"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"") << "overlong";
  EXPECT_EQ(Quoted("\xe2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"") << "cut short";
  EXPECT_EQ(Quoted("\xed\xa0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"") << "a surrogate";
}

TEST(JsonDouble, SpellsWhatJsonLacksAsStrings) {
  EXPECT_EQ(Number(std::nan("")), "\"NaN\"");
  EXPECT_EQ(Number(std::numeric_limits<double>::infinity()), "\"Infinity\"");
  EXPECT_EQ(Number(-std::numeric_limits<double>::infinity()), "\"-Infinity\"");
  EXPECT_EQ(Number(0.1), "0.1");
}

TEST(IsJson, KnowsJson) {
  EXPECT_TRUE(IsJson("{\"a\":[1,null]}"));
  EXPECT_TRUE(IsJson(" 1 "));
  EXPECT_FALSE(IsJson(std::string_view())) << "which points nowhere";
  for (const char* text : {"", "{", "1 2", "nul", "'a'", "[1,]", "{\"a\":1}x"}) EXPECT_FALSE(IsJson(text)) << text;
}

RC_GTEST_PROP(JsonString, IsReadBackByAnotherParser, (const std::string& text)) {
  const std::string quoted = Quoted(text);
  simdjson::dom::parser parser;
  std::string_view read;
  RC_ASSERT(parser.parse(quoted).get_string().get(read) == simdjson::SUCCESS);
  if (simdjson::validate_utf8(text)) RC_ASSERT(read == text);
}

RC_GTEST_PROP(JsonDouble, ReadsBackEqual, (double number)) {
  RC_PRE(std::isfinite(number));
  RC_ASSERT(std::stod(Number(number)) == number);
}

}  // namespace
}  // namespace kck
