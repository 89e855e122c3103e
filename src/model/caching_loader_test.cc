// `cache_control`, `compress` and `http.compression`: what is read, and that every fault is told with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/cache_policy.h"
#include "model/compression_settings.h"
#include "testing/folder_fixture.h"

namespace kck {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class CachingLoaderTest : public FolderFixture {
 protected:
  static constexpr const char* kProduct = "query: {template: select 1}\nexpire_seconds: 600\n";

  ProductPtr Product(const std::string& fields) {
    Write("products/p.yml", kProduct + fields);
    return LoadSound().products.at(0);
  }
  std::string ProductFault(const std::string& fields) { return FaultOf("products/p.yml", kProduct + fields); }

  HttpSettings Http(const std::string& fields) {
    Write("kck.yml", "databases: {main: {url: \"sqlite:x.db\"}}\nhttp: {" + fields + "}\n");
    return LoadSound().settings.http;
  }
  std::string HttpFault(const std::string& fields) {
    return FaultOf("kck.yml", "databases: {main: {url: \"sqlite:x.db\"}}\nhttp: {" + fields + "}\n");
  }
};

TEST_F(CachingLoaderTest, ReadsAPolicy) {
  const ProductPtr product =
      Product("cache_control: {max_age: 1m, s_maxage: 10s, stale_while_revalidate: 30s, stale_if_error: 5m}\n");
  ASSERT_TRUE(product->cache_policy);
  EXPECT_EQ(product->cache_policy->text,
            "public, max-age=60, s-maxage=10, stale-while-revalidate=30, stale-if-error=300");
  EXPECT_EQ(product->cache_policy->reach, seconds(360));
  EXPECT_TRUE(product->cache_policy->compresses);
  EXPECT_EQ(Product("cache_control: {s_maxage: 10}\n")->cache_policy->text, "public, max-age=0, s-maxage=10");
  EXPECT_EQ(Product("")->cache_policy, nullptr);
  EXPECT_FALSE(Product("compress: false\n")->cache_policy->compresses);
  EXPECT_FALSE(Product("compress: false\n")->cache_policy->lives);
}

TEST_F(CachingLoaderTest, WhatDependsOnATokenIsPrivate) {
  Write("kck.yml", "databases: {main: {url: \"sqlite:x.db\"}}\nauth: {keys: [{id: a, algorithm: HS256, secret: " +
                       std::string(32, 's') + "}]}\n");
  EXPECT_EQ(Product("access: user\ncache_control: {max_age: 60s}\n")->cache_policy->text, "private, max-age=60");
  EXPECT_EQ(Product("access: public\ncache_control: {max_age: 60s}\n")->cache_policy->text, "public, max-age=60");
  EXPECT_THAT(ProductFault("access: user\ncache_control: {s_maxage: 60s}\n"),
              HasSubstr("products/p.yml:4:27: error: s_maxage is for shared caches"));
}

TEST_F(CachingLoaderTest, APolicyFitsTheProductsLife) {
  EXPECT_THAT(ProductFault("cache_control: {max_age: 11m}\n"), HasSubstr("longer than expire_seconds"));
  EXPECT_THAT(ProductFault("cache_control: {s_maxage: 601s}\n"), HasSubstr("longer than expire_seconds"));
  EXPECT_THAT(ProductFault("cache_control: {max_age: 1500ms}\n"), HasSubstr("whole seconds"));
  EXPECT_THAT(ProductFault("cache_control: {stale_if_error: 400d}\n"), HasSubstr("at most 365 days"));
  EXPECT_THAT(ProductFault("cache_control: {}\n"), HasSubstr("says nothing"));
  EXPECT_THAT(ProductFault("cache_control: {max-age: 1s}\n"), HasSubstr("max-age"));
}

TEST_F(CachingLoaderTest, CompressionIsOnUnlessItIsTurnedOff) {
  const auto given = Http("compression: {encodings: [gzip, br], bytes_min: 2KiB, memory: 1MiB}").compression;
  ASSERT_TRUE(given);
  EXPECT_THAT(given->codings, ElementsAre(ContentCoding::kGzip, ContentCoding::kBrotli));
  EXPECT_EQ(given->bytes_min, 2048U);
  EXPECT_EQ(given->memory_bytes, std::size_t{1} << 20U);
  const auto unsaid = Http("surrogate_keys: true").compression;
  ASSERT_TRUE(unsaid);
  EXPECT_THAT(unsaid->codings, ElementsAre(ContentCoding::kBrotli, ContentCoding::kZstd, ContentCoding::kGzip));
  EXPECT_FALSE(Http("compression: off").compression);
  EXPECT_TRUE(Http("surrogate_keys: true").surrogate_keys);
}

TEST_F(CachingLoaderTest, ToldFaultsOfCompression) {
  EXPECT_THAT(HttpFault("compression: yes"), HasSubstr("has to be a mapping, or off"));
  EXPECT_THAT(HttpFault("compression: {encodings: [deflate]}"), HasSubstr("\"deflate\" is no encoding"));
  EXPECT_THAT(HttpFault("compression: {encodings: [br, br]}"), HasSubstr("br twice"));
  EXPECT_THAT(HttpFault("compression: {encodings: []}"), HasSubstr("names none"));
  EXPECT_THAT(HttpFault("compression: {level: 5}"), HasSubstr("level"));
}

}  // namespace
}  // namespace kck
