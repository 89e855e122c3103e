// What is due, why a key is as it is, and dead letters tried again, over real sockets.
#include <gmock/gmock.h>

#include <thread>

#include "base/json.h"
#include "testing/http_fixture.h"

namespace kck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class QueueCalls : public HttpFixture {
 protected:
  // The answer to `target` once it holds `part`; whatever it is by then, after ten seconds.
  std::string Await(const std::string& target, const std::string& part) {
    HttpConnection connection = Connect();
    const TimePoint until = Clock::now() + std::chrono::seconds(10);
    std::string body;
    do {
      body = connection.Call("GET", target).body;
      if (body.find(part) != std::string::npos) break;
      std::this_thread::yield();
    } while (Clock::now() < until);
    return body;
  }

  // Two tries, one right after the other, make a dead letter.
  void ServeImpatient() {
    refresh_limits_.queue.attempts_max = 2;
    refresh_limits_.queue.backoff_min = milliseconds(1);
    refresh_limits_.queue.backoff_max = milliseconds(1);
    Serve();
  }

  void MakeDead(const std::string& key) {
    ScriptFailure(ErrorCode::kPrimerFailed);
    EXPECT_EQ(Call("POST", "/refresh/" + key).status, 202);
    EXPECT_THAT(Await("/queue", R"("dead":1)"), HasSubstr(R"("dead":1)"));
  }
};

TEST_F(QueueCalls, ExplainTellsOfAFreshEntry) {
  Serve();
  Call("GET", "/fetch/item/7");
  const WireAnswer answer = Call("GET", "/explain/item/007");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(IsJson(answer.body)) << answer.body;
  EXPECT_EQ(answer.header("cache-control"), "no-store");
  EXPECT_THAT(
      answer.body,
      MatchesRegex(R"(\{"success":true,"key":"item/7","product":true,"state":"fresh","why":\["[^"]+"\],)"
                   R"("entry":\{"place":"memory","kind":"value","version":"[0-9]+\.700\.0",)"
                   R"("fill_version":"[0-9]+\.700\.0","sequence":[0-9]+,"as_of":"20[0-9TZ:.-]+",)"
                   R"("snapshot":"700:700:","age_seconds":[0-9.]+,"stale_in_seconds":null,"expires_in_seconds":null,)"
                   R"("cost_ms":[0-9.]+,"bytes":8\},"computing":null,"failure":null,"use":\{"uses":[0-9]+,)"
                   R"("lately":(true|false)\},"refresh":\{"due":null,"scheduled":false,"next_in_seconds":null,)"
                   R"("recent":\[\]\}\})"));
}

TEST_F(QueueCalls, ExplainTellsOfWhatIsNotThere) {
  Serve();
  EXPECT_THAT(Call("GET", "/explain/item/7").body,
              AllOf(HasSubstr(R"("state":"none","why":["there is no entry)"), HasSubstr(R"("entry":null)")));
  EXPECT_THAT(Call("GET", "/explain/nothing").body, HasSubstr(R"("product":false,"state":"none")"));
  EXPECT_EQ(primer_.begun(), 0U);
  EXPECT_EQ(Call("GET", "/explain/item/x").status, 400);
  EXPECT_EQ(Call("POST", "/explain/item/7").header("allow"), "GET, HEAD");
}

TEST_F(QueueCalls, AKeyThatIsBeingRefreshed) {
  Serve();
  Call("GET", "/fetch/item/7");
  primer_.Hold();
  Call("POST", "/refresh/item/7");
  primer_.AwaitBegun(2);
  EXPECT_THAT(Call("GET", "/queue").body,
              AllOf(HasSubstr(R"({"name":"main","reachable":true,"waiting":0,"leased":1,"backing_off":0,"dead":0,)"),
                    HasSubstr(R"("wishes":{"hand":1})"),
                    HasSubstr(R"("keys":[{"key":"item/7","state":"leased","reasons":["hand"],)")));
  EXPECT_THAT(Call("GET", "/explain/item/7").body,
              AllOf(HasSubstr(R"("state":"stale","why":["it is marked stale)"), HasSubstr(R"("computing":{"since_)"),
                    HasSubstr(R"("refresh":{"due":{"key":"item/7","state":"leased","reasons":["hand"],)")));
  primer_.Release();
  Await("/explain/item/7", R"("state":"fresh")");
  EXPECT_THAT(Await("/explain/item/7", R"("due":null)"),
              AllOf(HasSubstr(R"("state":"fresh")"), HasSubstr(R"("outcome":"done")"), HasSubstr(R"("why":"hand")")));
}

TEST_F(QueueCalls, AKeyThatFailsBacksOff) {
  refresh_limits_.queue.backoff_min = refresh_limits_.queue.backoff_max = milliseconds(60000);
  Serve();
  ScriptFailure(ErrorCode::kPrimerFailed);
  Call("POST", "/refresh/item/7");
  EXPECT_THAT(Await("/queue", R"("backing_off":1)"),
              AllOf(HasSubstr(R"("state":"backing off")"), HasSubstr(R"("attempts":1)"),
                    HasSubstr(R"("error":"KCKPrimerFailed: scripted")"), HasSubstr(R"("retry_in_seconds":)")));
}

TEST_F(QueueCalls, ADeadLetterIsShownWithItsError) {
  ServeImpatient();
  MakeDead("item/7");
  EXPECT_THAT(Call("GET", "/queue").body,
              AllOf(HasSubstr(R"("key":"item/7","state":"dead")"), HasSubstr(R"("attempts":2)"),
                    HasSubstr(R"("error":"KCKPrimerFailed: scripted")"), HasSubstr(R"("given_up":1)")));
  EXPECT_THAT(Call("GET", "/explain/item/7").body,
              AllOf(HasSubstr(R"("state":"dead")"), HasSubstr(R"("failure":{"name":"KCKPrimerFailed")"),
                    HasSubstr(R"("outcome":"KCKPrimerFailed")")));
}

TEST_F(QueueCalls, ADeadLetterIsTriedAgainWhenAsked) {
  ServeImpatient();
  MakeDead("item/7");
  Script("[7]", 701);
  EXPECT_EQ(Call("POST", "/queue/retry?key=item/8").body, R"({"success":true,"retried":0})");
  EXPECT_EQ(Call("POST", "/queue/retry?key=note/*").body, R"({"success":true,"retried":0})");
  EXPECT_THAT(Call("GET", "/queue").body, HasSubstr(R"("dead":1)"));
  EXPECT_EQ(Call("POST", "/queue/retry?key=item/007").body, R"({"success":true,"retried":1})");
  EXPECT_THAT(Await("/explain/item/7", R"("state":"fresh")"), HasSubstr(R"("state":"fresh")"));
  EXPECT_EQ(Call("POST", "/queue/retry").body, R"({"success":true,"retried":0})");
}

TEST_F(QueueCalls, AllDeadLettersOrThoseOfAProduct) {
  ServeImpatient();
  MakeDead("item/7");
  EXPECT_EQ(Call("POST", "/queue/retry?key=item/*").body, R"({"success":true,"retried":1})");
  EXPECT_THAT(Await("/queue", R"("given_up":2)"), HasSubstr(R"("given_up":2)")) << "it failed again";
  EXPECT_EQ(Call("POST", "/queue/retry").body, R"({"success":true,"retried":1})");
}

TEST_F(QueueCalls, QueriesThatMakeNoSenseAreRefused) {
  Serve();
  for (const char* query : {"?keys=x", "?keys=", "?keys=1001", "?key=5", "?keys=-1"}) {
    EXPECT_EQ(Call("GET", std::string("/queue") + query).status, 400) << query;
  }
  EXPECT_EQ(Call("POST", "/queue/retry?key=item/x").status, 400);
  EXPECT_EQ(Call("POST", "/queue/retry?product=item").status, 400);
  EXPECT_EQ(Call("GET", "/queue/retry").header("allow"), "POST");
}

TEST_F(QueueCalls, KeysAreListedToTheNumberAskedFor) {
  ServeImpatient();
  MakeDead("item/7");
  EXPECT_THAT(Call("GET", "/queue?keys=0").body, AllOf(HasSubstr(R"("dead":1)"), HasSubstr(R"("keys":[])")));
  EXPECT_THAT(Call("GET", "/queue?keys=1").body, HasSubstr(R"("key":"item/7")"));
}

TEST_F(QueueCalls, ATargetIsReportedAsMetOrNot) {
  Serve();
  auto item = std::make_shared<Product>(**engine_->catalog()->Find("item"));
  item->refresh.fresh = hours(1);
  engine_->SetCatalog(std::make_shared<Catalog>(std::vector<ProductPtr>{item}));
  Call("GET", "/fetch/item/7");
  EXPECT_EQ(Call("POST", "/refresh/item/7?wait=1").status, 200);
  EXPECT_THAT(Call("GET", "/queue").body,
              AllOf(HasSubstr(R"("products":[{"name":"item")"),
                    HasSubstr(R"("fresh_seconds":3600,"fresh_met":1,"fresh_missed":0,"unreachable":false)"),
                    HasSubstr(R"("scheduled":1)")));
  EXPECT_THAT(Call("GET", "/explain/item/7").body,
              AllOf(HasSubstr(R"("scheduled":true)"), Not(HasSubstr(R"("next_in_seconds":null)"))));
  const std::string metrics = Call("GET", "/metrics").body;
  for (const char* line :
       {"\nkck_fresh_target_seconds{product=\"item\"} 3600\n", "\nkck_fresh_met_total{product=\"item\"} 1\n",
        "\nkck_fresh_missed_total{product=\"item\"} 0\n", "\nkck_fresh_unreachable{product=\"item\"} 0\n",
        "\nkck_refresh_scheduled_keys 1\n"}) {
    EXPECT_THAT(metrics, HasSubstr(line));
  }
}

TEST_F(QueueCalls, MetricsCountRefreshesByDatabase) {
  ServeImpatient();
  source_stats_["main"].statements = 5;
  source_stats_["main"].batch_keys = 40;
  MakeDead("item/7");
  const std::string metrics = Call("GET", "/metrics").body;
  for (const char* line :
       {"\nkck_refresh_due{database=\"main\",state=\"dead\"} 1\n",
        "\nkck_refresh_due{database=\"main\",state=\"waiting\"} 0\n",
        "\nkck_refresh_wishes_total{database=\"main\",reason=\"hand\"} 1\n",
        "\nkck_refresh_failed_total{database=\"main\"} 2\n", "\nkck_refresh_dead_total{database=\"main\"} 1\n",
        "\nkck_refresh_groups_total{database=\"main\"} 2\n", "\nkck_refresh_refused_total{database=\"main\"} 0\n",
        "\nkck_refresh_share{database=\"main\"} 1\n", "\nkck_refresh_share_configured{database=\"main\"} 1\n",
        "\nkck_refresh_congested{database=\"main\"} 0\n", "\nkck_source_statements_total{database=\"main\"} 5\n",
        "\nkck_source_batch_keys_total{database=\"main\"} 40\n"}) {
    EXPECT_THAT(metrics, HasSubstr(line));
  }
  EXPECT_THAT(metrics, Not(HasSubstr("item/7"))) << "keys are no labels";
}

}  // namespace
}  // namespace kck
