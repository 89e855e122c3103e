// What caches and CDNs are told, over real connections.
#include <gtest/gtest.h>

#include "http/cache_headers.h"
#include "model/cache_policy.h"
#include "testing/entries.h"
#include "testing/http_fixture.h"

namespace kck {
namespace {

class CachingTest : public HttpFixture {
 protected:
  void ServeCompressed() {
    Serve([](HttpSettings& settings) { settings.compression = std::make_shared<CompressionSettings>(); });
    Script("[\"" + std::string(5000, 'x') + "\"]", 7);
  }

  // The first answer to `headers` that is compressed.
  WireAnswer CallUntilCompressed(std::string_view target, std::string_view headers) {
    const TimePoint end = Clock::now() + std::chrono::seconds(30);
    WireAnswer answer = Call("GET", target, {}, headers);
    while (answer.header("content-encoding").empty() && Clock::now() < end) {
      answer = Call("GET", target, {}, headers);
    }
    return answer;
  }
};

TEST_F(CachingTest, AProductSaysHowLongCachesKeepIt) {
  Serve();
  Script("[1]", 7);
  const std::string kept = "public, max-age=60, stale-while-revalidate=30, stale-if-error=10";
  WireAnswer answer = Call("GET", "/fetch/page/1");
  EXPECT_EQ(answer.header("cache-control"), kept);
  EXPECT_EQ(answer.header("vary"), "");
  EXPECT_EQ(Call("GET", "/fetch/page/1").header("cache-control"), kept) << "from memory";
  answer = Call("GET", "/fetch/page/1", {}, "If-None-Match: " + answer.header("etag") + "\r\n");
  EXPECT_EQ(answer.status, 304);
  EXPECT_EQ(answer.header("cache-control"), kept);
  EXPECT_EQ(Call("GET", "/fetch/item/1").header("cache-control"), "no-cache");
  EXPECT_EQ(Call("GET", "/fetch/page/x").header("cache-control"), "no-store") << "an error";
}

TEST_F(CachingTest, AStaleValueIsNotKept) {
  Serve();
  Script("[1]", 7);
  Call("GET", "/fetch/page/1");
  ScriptFailure(ErrorCode::kSourceError);
  Call("POST", "/refresh/page/1");
  const WireAnswer answer = Call("GET", "/fetch/page/1");
  EXPECT_EQ(answer.header("kck-state"), "stale");
  EXPECT_EQ(answer.header("cache-control"), "no-cache");
}

TEST_F(CachingTest, SurrogateKeysNameProductAndKey) {
  Serve([](HttpSettings& settings) { settings.surrogate_keys = true; });
  Script("[1]", 7);
  EXPECT_EQ(Call("GET", "/fetch/item/007").header("surrogate-key"), "item item/7");
  EXPECT_EQ(Call("GET", "/fetch/note/a%20b%2Fc").header("surrogate-key"), "note note/a%20b%2Fc");
  EXPECT_EQ(Call("GET", "/fetch/item/x").header("surrogate-key"), "");
  std::string alone;
  AppendSurrogateKeys(alone, "all");
  EXPECT_EQ(alone, "Surrogate-Key: all\r\n");
}

TEST_F(CachingTest, EachCodingHasItsOwnETagOfOneVersion) {
  ServeCompressed();
  const WireAnswer plain = Call("GET", "/fetch/item/1");
  EXPECT_EQ(plain.header("vary"), "Accept-Encoding");
  EXPECT_EQ(plain.header("content-encoding"), "");
  const std::string version = plain.header("etag").substr(1, plain.header("etag").size() - 2);
  const WireAnswer small = CallUntilCompressed("/fetch/item/1", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(small.header("content-encoding"), "br");
  EXPECT_EQ(small.header("vary"), "Accept-Encoding");
  EXPECT_EQ(small.header("etag"), '"' + version + "-br\"");
  EXPECT_LT(small.body.size(), plain.body.size() / 10);
  EXPECT_EQ(Call("GET", "/fetch/item/1").body, plain.body);

  const std::string if_none_match = "If-None-Match: " + small.header("etag") + "\r\n";
  const WireAnswer unchanged = Call("GET", "/fetch/item/1", {}, "Accept-Encoding: br\r\n" + if_none_match);
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.header("etag"), small.header("etag"));
  EXPECT_EQ(unchanged.header("vary"), "Accept-Encoding");
  EXPECT_EQ(Call("GET", "/fetch/item/1", {}, "Accept-Encoding: gzip\r\n" + if_none_match).status, 200)
      << "it could not read what it has";
  EXPECT_EQ(Call("GET", "/fetch/item/1", {}, "If-None-Match: " + plain.header("etag") + "\r\n").status, 304);
}

TEST_F(CachingTest, AnETagOfAnyCodingGuardsAWrite) {
  ServeCompressed();
  Call("PUT", "/set/note/a", '"' + std::string(5000, 'y') + '"');
  const WireAnswer small = CallUntilCompressed("/fetch/note/a", "Accept-Encoding: zstd\r\n");
  const std::string if_match = "If-Match: " + small.header("etag") + "\r\n";
  EXPECT_EQ(Call("PUT", "/set/note/a", "1", if_match).status, 200);
  EXPECT_EQ(Call("PUT", "/set/note/a", "2", if_match).status, 412);
  EXPECT_EQ(Call("GET", "/fetch/note/a", {}, "Accept-Encoding: zstd\r\n").header("vary"), "") << "too small";
}

TEST_F(CachingTest, AHeadIsThatOfTheCompressedAnswer) {
  ServeCompressed();
  const WireAnswer small = CallUntilCompressed("/fetch/item/1", "Accept-Encoding: gzip\r\n");
  HttpConnection connection = Connect();
  connection.Send(RequestText("HEAD", "/fetch/item/1", {}, "Accept-Encoding: gzip\r\n"));
  const WireAnswer head = connection.Receive(true);
  for (const char* name : {"content-encoding", "content-length", "etag", "vary"}) {
    EXPECT_EQ(head.header(name), small.header(name)) << name;
  }
}

TEST_F(CachingTest, NewContentIsNeverSentInAnOldForm) {
  ServeCompressed();
  CallUntilCompressed("/fetch/item/1", "Accept-Encoding: br\r\n");
  Script("[\"" + std::string(6000, 'z') + "\"]", 9);
  const WireAnswer changed = Call("POST", "/refresh/item/1?wait=1", {}, "Accept-Encoding: br\r\n");
  EXPECT_EQ(changed.header("content-encoding"), "");
  const WireAnswer small = CallUntilCompressed("/fetch/item/1", "Accept-Encoding: br\r\n");
  EXPECT_EQ(small.header("etag").substr(0, changed.header("etag").size() - 1),
            changed.header("etag").substr(0, changed.header("etag").size() - 1));
  const std::string metrics = Call("GET", "/metrics").body;
  EXPECT_NE(metrics.find("kck_compressed_made_total{encoding=\"br\"} 2"), std::string::npos) << metrics;
}

TEST(CacheHeadersTest, NoUseOfAnAnswerGoesBeyondItsLife) {
  auto policy = std::make_shared<CachePolicy>();
  policy->lives = CacheLives{false, std::chrono::seconds(60), std::chrono::seconds(20), std::chrono::seconds(30), {}};
  policy->reach = ReachOf(*policy->lives);
  policy->text = CacheControlText(*policy->lives, policy->reach);
  const TimePoint now = std::chrono::floor<std::chrono::milliseconds>(Clock::now());
  const auto text = [&](Duration life) {
    const EntryPtr entry = MakeEntry("item/1", "1", {1, 1, 0}, [&](EntryFacts& facts) {
      facts.as_of = now;
      facts.expires_at = now + life;
    });
    std::string out;
    AppendCacheHeaders(out, {entry, Freshness::kFresh, ServedFrom::kMemory, policy}, {}, now);
    return out;
  };
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  EXPECT_EQ(text(seconds(90)), "Cache-Control: public, max-age=60, s-maxage=20, stale-while-revalidate=30\r\n");
  EXPECT_EQ(text(seconds(70)), "Cache-Control: public, max-age=60, s-maxage=20, stale-while-revalidate=10\r\n");
  EXPECT_EQ(text(milliseconds(5900)), "Cache-Control: public, max-age=5, s-maxage=5, stale-while-revalidate=0\r\n");
  EXPECT_EQ(text(milliseconds(900)), "Cache-Control: public, max-age=0, s-maxage=0, stale-while-revalidate=0\r\n");
}

TEST(CacheHeadersTest, WhatDependsOnATokenIsForOneClient) {
  auto policy = std::make_shared<CachePolicy>();
  policy->lives = CacheLives{true, std::chrono::seconds(60), {}, {}, {}};
  policy->text = CacheControlText(*policy->lives, std::chrono::seconds(60));
  const EntryPtr entry = MakeEntry("item/1", "1", {1, 1, 0});
  const auto text = [&](const CacheFacts& facts) {
    std::string out;
    AppendCacheHeaders(out, {entry, Freshness::kFresh, ServedFrom::kMemory, policy}, facts, Clock::now());
    return out;
  };
  EXPECT_EQ(text({false, true, false, false}), "Cache-Control: private, max-age=60\r\nVary: Authorization\r\n");
  EXPECT_EQ(text({false, true, true, false}),
            "Cache-Control: private, max-age=60\r\nVary: Authorization, Accept-Encoding\r\n");
  EXPECT_EQ(text({true, true, false, false}), "Cache-Control: no-store\r\nVary: Authorization\r\n");
}

}  // namespace
}  // namespace kck
