// Every call and every error, over real sockets.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/json.h"
#include "testing/http_fixture.h"

namespace kck {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class CallsTest : public HttpFixture {
 protected:
  std::string Error(const WireAnswer& answer) {
    EXPECT_TRUE(IsJson(answer.body)) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("\"success\":false"));
    EXPECT_EQ(answer.header("content-type"), "application/json");
    EXPECT_EQ(answer.header("cache-control"), "no-store");
    const auto from = answer.body.find(R"("name":")") + 8;
    return fmt::format("{} {}", answer.status, answer.body.substr(from, answer.body.find('"', from) - from));
  }
};

TEST_F(CallsTest, FetchPrimesOnceAndServesFromMemory) {
  Serve();
  const WireAnswer miss = Call("GET", "/fetch/item/7");
  EXPECT_EQ(miss.status, 200);
  EXPECT_THAT(miss.body, MatchesRegex(R"(\{"success":true,"key":"item/7","version":"[0-9]+\.700\.0",)"
                                      R"("value":"item/7","modified":[0-9]+\.[0-9]{3}\})"));
  EXPECT_EQ(miss.header("content-type"), "application/json");
  EXPECT_THAT(miss.header("etag"), MatchesRegex(R"("[0-9]+\.700\.0")"));
  EXPECT_EQ(miss.header("kck-state"), "fresh");
  EXPECT_EQ(miss.header("kck-age"), "0");
  EXPECT_THAT(miss.header("kck-as-of"), MatchesRegex(R"(20[0-9-]+T[0-9:.]+Z; snapshot="700:700:")"));
  EXPECT_EQ(miss.header("cache-control"), "no-cache");
  EXPECT_EQ(miss.header("connection"), "");

  const WireAnswer hit = Call("GET", "/fetch/item/7");
  EXPECT_EQ(hit.body, miss.body);
  EXPECT_EQ(hit.header("etag"), miss.header("etag"));
  EXPECT_EQ(Call("GET", "/fetch/item/007").body, miss.body) << "one entry has one key";
  EXPECT_EQ(primer_.begun(), 1U);
}

TEST_F(CallsTest, HeadHasTheHeadOfGet) {
  Serve();
  WireAnswer get = Call("GET", "/fetch/item/7");
  WireAnswer head = Call("HEAD", "/fetch/item/7");
  get.headers.erase("date");
  head.headers.erase("date");
  EXPECT_EQ(head.headers, get.headers);
  HttpConnection connection = Connect();
  for (const char* path : {"/fetch/item/7", "/fetch/item/x", "/healthz", "/metrics", "/mget?key=item/7"}) {
    const WireAnswer answer = connection.Call("HEAD", path);
    EXPECT_NE(answer.header("content-length"), "0");
  }
  EXPECT_EQ(connection.Call("GET", "/healthz").status, 200) << "no body came behind a head";
}

TEST_F(CallsTest, UnchangedContentIs304WithItsFreshness) {
  Serve();
  const std::string etag = Call("GET", "/fetch/item/7").header("etag");
  HttpConnection connection = Connect();
  for (const std::string& list : {etag, "\"x\", W/" + etag, std::string("*")}) {
    const WireAnswer answer = connection.Call("GET", "/fetch/item/7", "", "If-None-Match: " + list + "\r\n");
    EXPECT_EQ(answer.status, 304) << list;
    EXPECT_EQ(answer.header("etag"), etag);
    EXPECT_EQ(answer.header("kck-state"), "fresh");
    EXPECT_EQ(answer.header("kck-age"), "0");
    EXPECT_NE(answer.header("kck-as-of"), "");
    EXPECT_EQ(answer.body, "");
  }
  EXPECT_EQ(connection.Call("GET", "/fetch/item/7", "", "If-None-Match: \"1.2.3\"\r\n").status, 200);
}

TEST_F(CallsTest, LargeValuesArriveWhole) {
  Serve();
  const std::string value = "\"" + std::string(5'000'000, 'v') + "\"";
  Script(value, 700);
  for (int i = 0; i < 2; ++i) EXPECT_THAT(Call("GET", "/fetch/item/7").body, HasSubstr(value));
}

TEST_F(CallsTest, EveryErrorHasItsStatusAndName) {
  Serve([](HttpSettings& settings) { settings.fetch_timeout = std::chrono::milliseconds(50); });
  EXPECT_EQ(Error(Call("GET", "/fetch/nothing")), "404 KCKUnknownKey");
  EXPECT_EQ(Error(Call("GET", "/fetch/rare/1")), "404 KCKKeyNotSetException");
  EXPECT_EQ(Error(Call("GET", "/fetch/item/x")), "400 KCKBadKey");
  EXPECT_EQ(Error(Call("GET", "/fetch/item/1/2")), "400 KCKBadKey");
  EXPECT_EQ(Error(Call("GET", "/fetch/")), "400 KCKBadKey");
  ScriptFailure(ErrorCode::kSourceError);
  EXPECT_EQ(Error(Call("GET", "/fetch/item/1")), "502 KCKSourceError");
  ScriptFailure(ErrorCode::kSourceTimeout);
  EXPECT_EQ(Error(Call("GET", "/fetch/item/2")), "504 KCKSourceTimeout");
  ScriptFailure(ErrorCode::kPrimerFailed);
  EXPECT_EQ(Error(Call("GET", "/fetch/item/3")), "502 KCKPrimerFailed");
  primer_.Hold();
  EXPECT_EQ(Error(Call("GET", "/fetch/item/4")), "504 KCKSourceTimeout") << "fetch_timeout";
}

TEST_F(CallsTest, ErrorsNameTheKeyAsItWasSpelled) {
  Serve();
  EXPECT_THAT(Call("GET", "/fetch/item/%22x").body, HasSubstr(R"("args":["item/%22x"],"message":")"));
}

TEST_F(CallsTest, OverloadSaysWhenToComeAgain) {
  limits_.waiters_per_flight_max = 1;
  Serve();
  primer_.Hold();
  HttpConnection first = Connect();
  first.Send(RequestText("GET", "/fetch/item/7"));
  primer_.AwaitBegun(1);
  const WireAnswer refused = Call("GET", "/fetch/item/7");
  EXPECT_EQ(Error(refused), "503 KCKOverloaded");
  EXPECT_EQ(refused.header("retry-after"), "1");
  primer_.Release();
  EXPECT_EQ(first.Receive().status, 200);
}

TEST_F(CallsTest, UnknownPathsAndMethodsAreRefused) {
  Serve();
  EXPECT_EQ(Error(Call("GET", "/nothing")), "404 KCKBadRequest");
  const WireAnswer wrong = Call("POST", "/fetch/item/7");
  EXPECT_EQ(Error(wrong), "405 KCKBadRequest");
  EXPECT_EQ(wrong.header("allow"), "GET, HEAD, DELETE");
  EXPECT_EQ(Call("OPTIONS", "/set/a").header("allow"), "PUT");
}

TEST_F(CallsTest, SetKeepsAValueUnderAName) {
  Serve();
  const WireAnswer set = Call("PUT", "/set/greeting/en", " {\"text\": \"hello\"}\n");
  EXPECT_EQ(set.status, 200);
  EXPECT_THAT(set.body, MatchesRegex(R"(\{"success":true,"key":"greeting/en","version":"[0-9.]+"\})"));
  const WireAnswer fetched = Call("GET", "/fetch/greeting/en");
  EXPECT_THAT(fetched.body, HasSubstr(R"("value":{"text": "hello"},)"));
  EXPECT_EQ(fetched.header("etag"), set.header("etag"));
  EXPECT_THAT(fetched.header("kck-as-of"), Not(HasSubstr("snapshot")));
}

TEST_F(CallsTest, SetRefusesWhatIsNoJsonAndWhatIsComputed) {
  Serve();
  for (const char* body : {"", "hello", "{", "1 2", "\xff"}) {
    EXPECT_EQ(Error(Call("PUT", "/set/a", body)), "400 KCKBadRequest") << body;
  }
  EXPECT_EQ(Error(Call("PUT", "/set/item/7", "1")), "400 KCKBadRequest");
  EXPECT_EQ(Error(Call("PUT", "/set/item/x", "1")), "400 KCKBadKey");
  EXPECT_EQ(Call("PUT", "/set/note/a", "1").status, 200) << "settable";
}

TEST_F(CallsTest, IfMatchMakesAWriteConditional) {
  Serve();
  const std::string first = Call("PUT", "/set/a", "1").header("etag");
  const std::string second = Call("PUT", "/set/a", "2", "If-Match: " + first + "\r\n").header("etag");
  EXPECT_NE(second, "");
  EXPECT_NE(second, first);
  EXPECT_EQ(Error(Call("PUT", "/set/a", "3", "If-Match: " + first + "\r\n")), "412 VersionMismatch");
  EXPECT_EQ(Error(Call("DELETE", "/fetch/a", "", "If-Match: " + first + "\r\n")), "412 VersionMismatch");
  EXPECT_EQ(Error(Call("PUT", "/set/a", "3", "If-Match: *\r\n")), "400 KCKBadRequest");
  EXPECT_EQ(Error(Call("PUT", "/set/a", "3", "If-Match:\r\n")), "400 KCKBadRequest");
  EXPECT_THAT(Call("GET", "/fetch/a").body, HasSubstr("\"value\":2,"));
  EXPECT_EQ(Call("DELETE", "/fetch/a", "", "If-Match: " + second + "\r\n").status, 200);
}

TEST_F(CallsTest, PurgeForgetsOneKeyOrAProduct) {
  Serve();
  Call("PUT", "/set/a", "1");
  const WireAnswer purged = Call("DELETE", "/fetch/a");
  EXPECT_EQ(purged.status, 200);
  EXPECT_THAT(purged.body, MatchesRegex(R"(\{"success":true,"key":"a","version":"[0-9.]+"\})"));
  EXPECT_EQ(Error(Call("GET", "/fetch/a")), "404 KCKUnknownKey");

  for (const char* key : {"/fetch/item/7", "/fetch/item/8"}) Call("GET", key);
  Script("\"new\"", 701);
  EXPECT_EQ(Call("DELETE", "/fetch/item/*").body, R"({"success":true,"key":"item/*"})");
  for (const char* key : {"/fetch/item/7", "/fetch/item/8"}) EXPECT_THAT(Call("GET", key).body, HasSubstr("\"new\""));
  EXPECT_EQ(Error(Call("DELETE", "/fetch/nothing/*")), "404 KCKUnknownKey");
  EXPECT_EQ(Error(Call("DELETE", "/fetch/item/*", "", "If-Match: \"1.2.3\"\r\n")), "400 KCKBadRequest");
}

TEST_F(CallsTest, AStarThatIsEscapedIsOneKey) {
  Serve();
  for (const char* key : {"/set/note/%2A", "/set/note/b"}) Call("PUT", key, "1");
  EXPECT_THAT(Call("DELETE", "/fetch/note/%2A").body, HasSubstr("\"version\""));
  EXPECT_THAT(Call("GET", "/fetch/note/b").body, HasSubstr("\"value\":1,"));
}

TEST_F(CallsTest, RefreshComputesAgain) {
  Serve();
  Call("GET", "/fetch/item/7");
  Script("\"new\"", 701);
  const WireAnswer refreshed = Call("POST", "/refresh/item/7?wait=1");
  EXPECT_EQ(refreshed.status, 200);
  EXPECT_THAT(refreshed.body, HasSubstr("\"value\":\"new\""));
  EXPECT_THAT(refreshed.header("etag"), HasSubstr(".701.0"));

  primer_.Hold();
  const WireAnswer queued = Call("POST", "/refresh/item/7");
  EXPECT_EQ(queued.status, 202);
  EXPECT_EQ(queued.body, R"({"success":true,"queued":true})");
  EXPECT_EQ(Call("GET", "/fetch/item/7").header("kck-state"), "stale");
  primer_.Release();

  Call("GET", "/fetch/item/8");
  EXPECT_EQ(Call("POST", "/refresh/item/*").status, 202);
  EXPECT_EQ(Call("GET", "/fetch/item/8").header("kck-state"), "stale");
}

TEST_F(CallsTest, RefreshSaysWhatItCannotDo) {
  Serve();
  EXPECT_EQ(Error(Call("POST", "/refresh/nothing")), "404 KCKUnknownKey");
  EXPECT_EQ(Error(Call("POST", "/refresh/nothing/*")), "404 KCKUnknownKey");
  EXPECT_EQ(Error(Call("POST", "/refresh/item/x?wait=1")), "400 KCKBadKey");
  EXPECT_EQ(Error(Call("POST", "/refresh/item/7?wait=yes")), "400 KCKBadRequest");
  EXPECT_EQ(Error(Call("POST", "/refresh/item/7?wait=1", "[")), "400 KCKBadRequest");
  EXPECT_EQ(Error(Call("POST", "/refresh/item/7?weight=1")), "400 KCKBadRequest");
  EXPECT_EQ(Error(Call("POST", "/refresh/item/*?wait=1")), "400 KCKBadRequest");
  ScriptFailure(ErrorCode::kSourceError);
  EXPECT_EQ(Error(Call("POST", "/refresh/item/7?wait=1")), "502 KCKSourceError");
}

TEST_F(CallsTest, StaleIsServedWithThatWordWhileTheSourceFails) {
  Serve();
  Call("GET", "/fetch/item/7");
  ScriptFailure(ErrorCode::kSourceError);
  Call("POST", "/refresh/item/7");
  const WireAnswer answer = Call("GET", "/fetch/item/7");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("kck-state"), "stale");
}

TEST_F(CallsTest, MgetAnswersEachKeyForItself) {
  Serve();
  Call("GET", "/fetch/item/7");
  Call("PUT", "/set/free", "true");
  const std::string expected =
      R"(\{"success":true,"items":\[)"
      R"(\{"success":true,"key":"item/7","version":"[0-9.]+","value":"item/7","modified":[0-9.]+,)"
      R"("state":"fresh","age_seconds":0,"as_of":"[0-9TZ:.-]+","snapshot":"700:700:"\},)"
      R"(\{"success":false,"error":\{"name":"KCKBadKey","args":\["item/x"\],"message":"[^\}]*"\}\},)"
      R"(\{"success":true,"key":"item/8",.*"snapshot":"700:700:"\},)"
      R"(\{"success":false,"error":\{"name":"KCKUnknownKey","args":\["nothing"\],"message":"[^\}]*"\}\},)"
      R"(\{"success":true,"key":"free",.*"value":true,.*"as_of":"[0-9TZ:.-]+"\},)"
      R"(\{"success":true,"key":"item/7",.*\}\]\})";
  const WireAnswer posted = Call("POST", "/mget", R"(["item/7","item/x","item/8","nothing","free","item/7"])");
  EXPECT_EQ(posted.status, 200);
  EXPECT_TRUE(IsJson(posted.body)) << posted.body;
  EXPECT_THAT(posted.body, testing::ContainsRegex(expected));
  const WireAnswer got = Call("GET", "/mget?key=item%2F7&key=item/x&key=item/8&key=nothing&key=free&key=item/7");
  EXPECT_EQ(got.body, posted.body);
  EXPECT_EQ(Call("POST", "/mget", "[]").body, R"({"success":true,"items":[]})");
}

TEST_F(CallsTest, MgetRefusesWhatIsNoListOfKeys) {
  Serve();
  for (const char* body : {"", "{}", "[1]", "[\"a\"", "\"a\"", "[[\"a\"]]"}) {
    EXPECT_EQ(Error(Call("POST", "/mget", body)), "400 KCKBadRequest") << body;
  }
  EXPECT_EQ(Error(Call("GET", "/mget?keys=a")), "400 KCKBadRequest");
  EXPECT_EQ(Error(Call("GET", "/mget?key=%")), "400 KCKBadRequest");
  std::string keys = "[\"item/1\"";
  for (int i = 1; i < 1000; ++i) keys += fmt::format(",\"item/{}\"", i % 50);
  EXPECT_EQ(Call("POST", "/mget", keys + "]").status, 200);
  EXPECT_THAT(Call("POST", "/mget", keys + ",\"item/1\"]").body, HasSubstr("at most 1000 keys"));
}

TEST_F(CallsTest, MgetBoundsItsAnswer) {
  Serve([](HttpSettings& settings) { settings.body_bytes_max = std::size_t{64} << 20U; });
  Call("PUT", "/set/large", "\"" + std::string(std::size_t{40} << 20U, 'x') + "\"");
  const WireAnswer answer = Call("POST", "/mget", R"(["large","large","item/7"])");
  EXPECT_THAT(answer.body.substr(answer.body.size() - 1000), HasSubstr("ask for fewer keys"));
  EXPECT_THAT(answer.body.substr(answer.body.size() - 1000), HasSubstr(R"("key":"item/7")"));
}

TEST_F(CallsTest, HealthReadinessAndIndex) {
  Serve();
  EXPECT_EQ(Call("GET", "/healthz").status, 200);
  EXPECT_EQ(Call("GET", "/readyz").status, 200);
  EXPECT_THAT(Call("GET", "/").body, HasSubstr(R"("version":"1.2.3","calls":[)"));
  EXPECT_TRUE(IsJson(Call("GET", "/").body));
}

TEST_F(CallsTest, ARefusedChangeIsSaidAndTakesNoTrafficAway) {
  definitions_ = {3, {"a.yml:1:2: error: \"x\"", "b.yml: error"}};
  Serve();
  const WireAnswer answer = Call("GET", "/readyz");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"success":true,"ready":true,"refused_change":["a.yml:1:2: error: \"x\"","b.yml: error"]})");
  EXPECT_THAT(Call("GET", "/metrics").body, HasSubstr("kck_definitions_refused 1"));
  EXPECT_THAT(Call("GET", "/metrics").body, HasSubstr("kck_definitions_reloads_total 3"));
}

TEST_F(CallsTest, MetricsCountWhatHappened) {
  Serve();
  HttpConnection connection = Connect();
  for (int i = 0; i < 3; ++i) connection.Call("GET", "/fetch/item/7");
  connection.Call("GET", "/fetch/item/x");
  connection.Call("GET", "/nothing");
  const WireAnswer answer = connection.Call("GET", "/metrics");
  EXPECT_THAT(answer.header("content-type"), HasSubstr("text/plain"));
  for (const char* line :
       {"\nkck_http_requests_total{call=\"fetch\",status=\"2xx\"} 3\n",
        "\nkck_http_requests_total{call=\"fetch\",status=\"4xx\"} 1\n",
        "\nkck_http_requests_total{call=\"none\",status=\"4xx\"} 1\n", "\nkck_hot_hits_total 2\n",
        "\nkck_fills_total 1\n", "\nkck_http_wait_seconds_count 1\n", "\nkck_http_wait_seconds_bucket{le=\"+Inf\"} 1\n",
        "\nkck_http_connections 1\n", "\nkck_hot_entries 1\n", "\nkck_build_info{version=\"1.2.3\"} 1\n"}) {
    EXPECT_THAT(answer.body, HasSubstr(line));
  }
}

TEST_F(CallsTest, CompatAnswersAs06Did) {
  Serve([](HttpSettings& settings) { settings.compat_06 = true; });
  const WireAnswer fetched = Call("GET", "/fetch/item/7");
  EXPECT_THAT(fetched.body, HasSubstr(R"("key":"item/7","version":700,"value":"item/7")"));
  EXPECT_EQ(Call("GET", "/fetch/item/7").body, fetched.body);
  EXPECT_THAT(fetched.header("etag"), HasSubstr(".700.0"));
  const WireAnswer failed = Call("GET", "/fetch/item/x");
  EXPECT_EQ(failed.status, 200);
  EXPECT_THAT(failed.body, HasSubstr(R"({"success":false,"error":{"name":"KCKBadKey","args":["item/x"])"));
  EXPECT_THAT(Call("PUT", "/set/a", "1").body, MatchesRegex(R"(\{"success":true,"key":"a","version":[0-9]+\})"));
  EXPECT_THAT(Call("GET", "/mget?key=item/7").body, HasSubstr(R"("version":700,)"));
  EXPECT_EQ(Call("GET", "/nothing").status, 404);
}

}  // namespace
}  // namespace kck
