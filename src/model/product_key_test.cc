#include "model/product_key.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kck {
namespace {

Catalog Items() {
  auto item = std::make_shared<Product>();
  item->name = "item";
  item->params = {{"id", ParamType::kInt, false, false}, {"tag", ParamType::kString, true, false}};
  auto all = std::make_shared<Product>();
  all->name = "all";
  return Catalog({item, all});
}

std::string Canonical(std::string_view raw) {
  const Result<ResolvedKey> key = ResolveKey(Items(), raw);
  return key ? key->text : "bad: " + key.error().message;
}

TEST(Key, TellsAProductFromOneKey) {
  EXPECT_EQ(WholeProduct("item/*"), "item");
  for (const char* key : {"item", "item/%2A", "item/*/1", "item/1/*", "*", "/*"})
    EXPECT_EQ(WholeProduct(key), "") << key;
}

TEST(Key, HasOneSpelling) {
  EXPECT_EQ(Canonical("item/007/a"), "item/7/a");
  EXPECT_EQ(Canonical("item/7/%61"), "item/7/a");
  EXPECT_EQ(Canonical("item/7/a%2fb"), "item/7/a%2Fb") << "split first, decoded after";
  EXPECT_EQ(Canonical("item/7/a b"), "item/7/a%20b");
  EXPECT_EQ(Canonical("item/%37/x"), "item/7/x");
  EXPECT_EQ(Canonical("it%65m/7/x"), "item/7/x");
  EXPECT_EQ(Canonical("item/7/"), "item/7/") << "the empty string";
  EXPECT_EQ(Canonical("item/7/%00"), "item/7/%00") << "NULL";
  EXPECT_EQ(Canonical("all"), "all");
  EXPECT_EQ(Canonical("free/%7e/%2F"), "free/~/%2F");
}

TEST(Key, KeepsNullAndTheEmptyStringApart) {
  EXPECT_EQ(ResolveKey(Items(), "item/7/%00")->params[1], std::nullopt);
  EXPECT_EQ(ResolveKey(Items(), "item/7/")->params[1], "");
}

TEST(Key, SaysWhatIsWrong) {
  EXPECT_EQ(Canonical("item/7"), "bad: item takes 2 parameters (item/id/tag), and the key has 1");
  EXPECT_EQ(Canonical("all/1"), "bad: all takes 0 parameters (all), and the key has 1");
  EXPECT_EQ(Canonical("item/x/a"), "bad: parameter id: an int is a whole number of 64 bits, as 42 or -7");
  EXPECT_EQ(Canonical("item/%00/a"), "bad: parameter id is not nullable: %00 stands for NULL");
  EXPECT_TRUE(Canonical("item/7/%").starts_with("bad: segment 3"));
  EXPECT_TRUE(Canonical("item/7/%4").starts_with("bad: segment 3"));
  EXPECT_TRUE(Canonical("item/7/%zz").starts_with("bad: segment 3"));
  EXPECT_TRUE(Canonical("item/7/%ff").starts_with("bad: parameter tag"));
  EXPECT_TRUE(Canonical("item/7/a%00b").starts_with("bad: parameter tag"));
  EXPECT_TRUE(Canonical("").starts_with("bad:"));
  EXPECT_TRUE(Canonical("/item").starts_with("bad:"));
}

TEST(Key, IsBounded) {
  EXPECT_TRUE(Canonical("free/" + std::string(kKeyBytesMax - 5, 'x')).starts_with("free/"));
  EXPECT_TRUE(Canonical("free/" + std::string(kKeyBytesMax - 4, 'x')).starts_with("bad:"));
  EXPECT_TRUE(Canonical("free/" + std::string(kKeyBytesMax / 2, ' ')).starts_with("bad:")) << "its canonical form";
}

TEST(Key, TakesParametersOfTheToken) {
  Product product;
  product.name = "report";
  product.params = {{"tenant"}, {"day"}, {"user"}};
  std::string key;
  ASSERT_TRUE(BindKey("report/2024-01-01", product, {{0, "a/b"}, {2, std::nullopt}}, key));
  EXPECT_EQ(key, "report/a%2Fb/2024-01-01/%00");
  EXPECT_EQ(BindKey("report/x/y", product, {{0, "a"}, {2, "b"}}, key).error().code, ErrorCode::kBadKey);
  EXPECT_EQ(BindKey("report", product, {{0, "a"}, {2, "b"}}, key).error().code, ErrorCode::kBadKey);
  ASSERT_TRUE(BindKey("report", product, {{0, "a"}, {1, "b"}, {2, "c"}}, key));
  EXPECT_EQ(key, "report/a/b/c");
}

TEST(Key, OfAnUnknownNameHasNoProduct) { EXPECT_EQ(ResolveKey(Items(), "free/1")->product, nullptr); }

RC_GTEST_PROP(Key, CanonicalIsItsOwnCanonical, (const std::string& tag, std::int64_t id, bool free)) {
  const std::string raw = free ? "free/" + tag : "item/" + std::to_string(id) + "/" + tag;
  const Result<ResolvedKey> key = ResolveKey(Items(), raw);
  RC_PRE(key.has_value());
  const Result<ResolvedKey> again = ResolveKey(Items(), key->text);
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->text == key->text);
  RC_ASSERT(again->params == key->params);
}

// Every string has a key, and comes back from it.
RC_GTEST_PROP(Key, CarriesAnyText, ()) {
  const auto code_points = *rc::gen::container<std::vector<char>>(rc::gen::inRange<char>(1, 127));
  const std::string text(code_points.begin(), code_points.end());
  std::string encoded;
  for (const char c : text) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    encoded += '%';
    encoded += kHex[static_cast<unsigned char>(c) >> 4U];
    encoded += kHex[static_cast<unsigned char>(c) & 0xFU];
  }
  RC_PRE(text.size() < 300);
  const Result<ResolvedKey> key = ResolveKey(Items(), "item/1/" + encoded);
  RC_ASSERT(key.has_value());
  RC_ASSERT(key->params[1] == text);
}

}  // namespace
}  // namespace kck
