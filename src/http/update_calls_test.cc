// Writes and reads that wait for them, over real sockets.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "base/json.h"
#include "testing/held_primer.h"
#include "testing/http_fixture.h"

namespace kck {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

class UpdateCalls : public HttpFixture {
 protected:
  // Makes a call that reaches the writer, which answers `written`.
  WireAnswer Write(std::string_view method, std::string_view target, std::string_view body, Result<Written> written,
                   std::string_view headers = {}) {
    const std::size_t before = writer_->begun();
    HttpConnection connection = Connect();
    connection.Send(RequestText(method, target, body, headers));
    while (writer_->begun() == before) std::this_thread::yield();
    writer_->Answer(before, std::move(written));
    return connection.Receive();
  }

  std::string TokenOf(std::uint64_t transaction) {
    const std::string body = Write("DELETE", "/update/item/7", "", WrittenAt(transaction)).body;
    const auto from = body.find(R"("token":")") + 9;
    return body.substr(from, body.find('"', from) - from);
  }

  static std::string After(const std::string& tokens) { return "KCK-After: " + tokens + "\r\n"; }

  static std::string Error(const WireAnswer& answer) {
    const auto from = answer.body.find(R"("name":")") + 8;
    return fmt::format("{} {}", answer.status, answer.body.substr(from, answer.body.find('"', from) - from));
  }
};

TEST_F(UpdateCalls, AnswerWithActionRowsReturningAndToken) {
  Serve();
  Written written = WrittenAt(20);
  written.returning = R"([{"id":7}])";
  const WireAnswer created = Write("POST", "/create/item", R"({"name":"a","price":1.50})", written);
  EXPECT_EQ(created.status, 200);
  EXPECT_EQ(created.header("cache-control"), "no-store");
  EXPECT_THAT(created.body, MatchesRegex(R"(\{"success":true,"updater":"item","action":"insert","rows":1,)"
                                         R"("returning":\[\{"id":7\}\],"token":"[A-Za-z0-9_-]+"\})"));
  EXPECT_THAT(writer_->params(0), ElementsAre("a", "1.5"));
  written.rows = 0;
  const WireAnswer updated = Write("PUT", "/update/item/7", "name=it%27s&price=", written,
                                   "Content-Type: application/x-www-form-urlencoded\r\n");
  EXPECT_THAT(updated.body, HasSubstr(R"("action":"update","rows":0,)"));
  EXPECT_THAT(writer_->params(1), ElementsAre("7", "it's", std::nullopt));
  EXPECT_THAT(Write("DELETE", "/update/item/7", "", written).body, HasSubstr(R"("action":"delete")"));
  EXPECT_THAT(writer_->params(2), ElementsAre("7"));
}

TEST_F(UpdateCalls, TellWhatIsWrong) {
  Serve();
  EXPECT_EQ(Error(Call("POST", "/create/absent", "{}")), "404 KCKUnknownKey");
  EXPECT_EQ(Error(Call("POST", "/create/item", R"({"nme":"a"})")), "400 KCKBadRequest");
  EXPECT_THAT(Call("POST", "/create/item", R"({"price":1})").body,
              HasSubstr(R"("args":["item"],"message":"the insert of updater item needs: name")"));
  EXPECT_EQ(Error(Call("POST", "/create/item/7", R"({"name":"a"})")), "400 KCKBadRequest");
  EXPECT_EQ(Error(Call("DELETE", "/update/item")), "400 KCKBadRequest");
  EXPECT_EQ(Error(Call("PUT", "/update/item/x", R"({"name":"a"})")), "400 KCKBadRequest");
  EXPECT_EQ(Call("GET", "/create/item").header("allow"), "POST");
  EXPECT_EQ(Call("POST", "/update/item/7").header("allow"), "PUT, DELETE");
  EXPECT_EQ(writer_->begun(), 0U);
  EXPECT_EQ(Error(Write("DELETE", "/update/item/7", "", Fail(ErrorCode::kBadRequest, "no"))), "400 KCKBadRequest");
  EXPECT_EQ(Error(Write("DELETE", "/update/item/7", "", Fail(ErrorCode::kSourceError, "no"))), "502 KCKSourceError");
  EXPECT_EQ(Error(Write("DELETE", "/update/item/7", "", Fail(ErrorCode::kSourceTimeout, "no"))),
            "504 KCKSourceTimeout");
}

TEST_F(UpdateCalls, FailuresAre200UnderCompat) {
  Serve([](HttpSettings& settings) { settings.compat_06 = true; });
  EXPECT_EQ(Error(Call("POST", "/create/absent", "{}")), "200 KCKUnknownKey");
  EXPECT_EQ(Error(Write("DELETE", "/update/item/7", "", Fail(ErrorCode::kBadRequest, "no"))), "200 KCKBadRequest");
}

TEST_F(UpdateCalls, AReadAfterAWriteShowsIt) {
  Serve();
  Script("1", 20);
  EXPECT_THAT(Call("GET", "/fetch/item/7").body, HasSubstr(R"("value":1)"));
  const std::string token = TokenOf(20);
  Script("2", 21);
  EXPECT_THAT(Call("GET", "/fetch/item/7").body, HasSubstr(R"("value":1)")) << "a write marks nothing";
  const WireAnswer shown = Call("GET", "/fetch/item/7", "", After(token));
  EXPECT_THAT(shown.body, HasSubstr(R"("value":2)"));
  EXPECT_EQ(shown.header("cache-control"), "no-store");
  const WireAnswer same =
      Call("GET", "/fetch/item/7", "", After(token) + "If-None-Match: " + shown.header("etag") + "\r\n");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.header("cache-control"), "no-store");
  EXPECT_EQ(Call("GET", "/fetch/item/7").header("cache-control"), "no-cache");
  EXPECT_EQ(primer_.begun(), 2U);
}

TEST_F(UpdateCalls, MgetShowsTheWriteInEveryItem) {
  Serve();
  Script("1", 20);
  Call("GET", "/mget?key=item/7&key=item/8");
  const std::string token = TokenOf(20);
  Script("2", 21);
  EXPECT_THAT(Call("GET", "/mget?key=item/7&key=item/8", "", After(token)).body,
              testing::ContainsRegex(R"("value":2.*"value":2)"));
  EXPECT_THAT(Call("POST", "/mget?wait_ms=5000", R"(["item/7"])", After(token)).body, HasSubstr(R"("value":2)"));
}

TEST_F(UpdateCalls, TheWaitIsBounded) {
  Serve();
  Script("1", 20);
  const std::string token = TokenOf(20);
  EXPECT_EQ(Error(Call("GET", "/fetch/item/7?wait_ms=100", "", After(token))), "504 KCKSourceTimeout");
  EXPECT_EQ(Error(Call("GET", "/fetch/item/7?wait_ms=0", "", After(token))), "504 KCKSourceTimeout");
  EXPECT_EQ(Error(Call("GET", "/fetch/item/8?wait_ms=soon")), "400 KCKBadRequest");
  EXPECT_EQ(Call("GET", "/fetch/item/8").status, 200);
  EXPECT_EQ(Error(Call("GET", "/fetch/item/8?wait_ms=soon")), "400 KCKBadRequest") << "of a hit as well";
  EXPECT_THAT(Call("GET", "/mget?key=item/7&wait_ms=50", "", After(token)).body, HasSubstr("KCKSourceTimeout"));
}

TEST_F(UpdateCalls, BadTokensAreRefused) {
  Serve();
  const std::string token = TokenOf(20);
  EXPECT_EQ(Error(Call("GET", "/fetch/item/7", "", After(token + "A"))), "400 KCKBadRequest");
  EXPECT_EQ(Error(Call("GET", "/fetch/item/7", "", After(""))), "400 KCKBadRequest");
  EXPECT_EQ(Error(Call("GET", "/mget?key=item/7", "", After("x"))), "400 KCKBadRequest");
  EXPECT_EQ(Call("GET", "/fetch/item/7", "", After(token) + After(token)).status, 200) << "two headers are one list";
}

TEST_F(UpdateCalls, ATokenOfAnotherHistoryIsAConflict) {
  Serve();
  const std::string token = TokenOf(20);
  primer_.SetScript([](const ResolvedKey&) -> Result<Primed> {
    Primed primed = PrimedAt("1", 30);
    primed.identity.timeline = 2;
    return primed;
  });
  Call("GET", "/fetch/item/7");
  EXPECT_EQ(Error(Call("GET", "/fetch/item/7", "", After(token))), "409 KCKTokenLost");
}

TEST_F(UpdateCalls, AreCountedByUpdaterAndResult) {
  Serve();
  TokenOf(20);
  Write("DELETE", "/update/item/7", "", Fail(ErrorCode::kSourceError, "no"));
  const std::string metrics = Call("GET", "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("\nkck_writes_total{updater=\"item\",result=\"done\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("\nkck_writes_total{updater=\"item\",result=\"KCKSourceError\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("\nkck_write_seconds_total{updater=\"item\"} "));
  EXPECT_THAT(metrics, HasSubstr("call=\"delete\",status=\"5xx\"} 1\n"));
}

}  // namespace
}  // namespace kck
