// Leases over real sockets: who holds one, and what its connection's end does.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/json.h"
#include "engine/leases.h"
#include "testing/http_fixture.h"
#include "testing/patience.h"

namespace kck {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class LeaseCalls : public HttpFixture {
 protected:
  static std::string HolderOf(HttpConnection& connection) {
    const WireAnswer answer = connection.Call("POST", "/lease");
    EXPECT_EQ(answer.status, 200);
    const std::size_t from = answer.body.find(R"("holder":")") + 10;
    return answer.body.substr(from, answer.body.find('"', from) - from);
  }

  static std::string Field(const std::string& holder, int number) {
    return fmt::format("KCK-Lease: {}-{}\r\n", holder, number);
  }

  WireAnswer Ask(const std::string& holder, int number, const std::string& path = "/lease/free/1") {
    return Call("POST", path, "", Field(holder, number));
  }

  // Asks on a connection of its own; returns once the request waits.
  std::unique_ptr<HttpConnection> AskAndWait(const std::string& holder, int number) {
    const std::size_t before = engine_->leases().waiting();
    auto connection = std::make_unique<HttpConnection>(server_->port());
    connection->Send(RequestText("POST", "/lease/free/1", "", Field(holder, number)));
    EXPECT_TRUE(BecomesTrue([&] { return engine_->leases().waiting() > before; }));
    return connection;
  }
};

TEST_F(LeaseCalls, AMissGivesTheLeaseAndThenTheValue) {
  Serve();
  HttpConnection life = Connect();
  const std::string holder = HolderOf(life);
  EXPECT_EQ(HolderOf(life), holder) << "one a connection";
  const WireAnswer given = Ask(holder, 1);
  EXPECT_EQ(given.body, fmt::format(R"({{"success":true,"lease":"{}-1","key":"free/1","stale":null}})", holder));
  EXPECT_EQ(given.header("cache-control"), "no-store");
  const auto waits = AskAndWait(holder, 2);
  EXPECT_EQ(Call("PUT", "/set/free/1?expire_seconds=100", "[5]", Field(holder, 1)).status, 200);
  const WireAnswer value = waits->Receive();
  EXPECT_THAT(value.body, HasSubstr(R"("value":[5])"));
  EXPECT_EQ(value.header("kck-state"), "fresh");
  const WireAnswer hit = Ask(holder, 3);
  EXPECT_EQ(hit.body, value.body);
  EXPECT_EQ(Call("GET", "/fetch/free/1").body, value.body);
  EXPECT_EQ(Call("PUT", "/set/free/1", "[6]", Field(holder, 1)).status, 412) << "it has ended";
}

TEST_F(LeaseCalls, TheEndOfTheHoldersConnectionPassesItOn) {
  Serve();
  HttpConnection other_life = Connect();
  const std::string other = HolderOf(other_life);
  auto life = std::make_unique<HttpConnection>(server_->port());
  const std::string holder = HolderOf(*life);
  EXPECT_THAT(Ask(holder, 1).body, HasSubstr(R"("lease":)"));
  const auto waits = AskAndWait(other, 1);
  life.reset();
  EXPECT_THAT(waits->Receive().body, HasSubstr(fmt::format(R"("lease":"{}-1")", other)));
  EXPECT_EQ(Call("PUT", "/set/free/1", "1", Field(holder, 1)).status, 412);
  EXPECT_EQ(Ask(holder, 2).status, 412);
  EXPECT_EQ(Call("PUT", "/set/free/1", "2", Field(other, 1)).status, 200);
  EXPECT_THAT(Call("GET", "/metrics").body,
              AllOf(HasSubstr("kck_leases_granted_total 2"), HasSubstr("kck_leases_ended_total{how=\"lost\"} 1"),
                    HasSubstr("kck_leases_ended_total{how=\"published\"} 1"), HasSubstr("kck_leases 0")));
}

TEST_F(LeaseCalls, GivenUpItPassesOn) {
  Serve();
  HttpConnection life = Connect();
  const std::string holder = HolderOf(life);
  Ask(holder, 1);
  const auto waits = AskAndWait(holder, 2);
  EXPECT_EQ(Call("DELETE", "/lease/free/1", "", Field(holder, 1)).body, R"({"success":true,"ended":true})");
  EXPECT_THAT(waits->Receive().body, HasSubstr(R"("lease":)"));
  EXPECT_EQ(Call("DELETE", "/lease/free/1", "", Field(holder, 1)).body, R"({"success":true,"ended":false})");
}

TEST_F(LeaseCalls, StaleComesWithTheLeaseOrWithoutIt) {
  Serve();
  HttpConnection life = Connect();
  const std::string holder = HolderOf(life);
  EXPECT_EQ(Call("PUT", "/set/free/1?stale_seconds=0.001&expire_seconds=100", "[5]").status, 200);
  ASSERT_TRUE(BecomesTrue([&] { return Call("GET", "/fetch/free/1").header("kck-state") == "stale"; }));
  const WireAnswer given = Ask(holder, 1);
  EXPECT_TRUE(IsJson(given.body));
  EXPECT_THAT(given.body, MatchesRegex(R"(\{"success":true,"lease":".*-1","key":"free/1","stale":\{"success":true,)"
                                       R"("key":"free/1",.*"value":\[5\],.*"state":"stale".*\}\})"));
  const WireAnswer other = Ask(holder, 2);
  EXPECT_THAT(other.body, HasSubstr(R"("value":[5])"));
  EXPECT_EQ(other.header("kck-state"), "stale");
  EXPECT_THAT(Call("GET", "/explain/free/1").body, HasSubstr("it is past its soft age, stale_seconds"));
}

TEST_F(LeaseCalls, AProductsKeyIsFetched) {
  Serve();
  EXPECT_EQ(Call("POST", "/lease/item/7").body, Call("GET", "/fetch/item/7").body) << "a miss, by no holder";
  EXPECT_EQ(Call("POST", "/lease/item/7").header("kck-state"), "fresh");
}

TEST_F(LeaseCalls, WhatIsWrongIsSaid) {
  Serve();
  HttpConnection life = Connect();
  const std::string holder = HolderOf(life);
  for (const std::string& field :
       {"", "KCK-Lease: x\r\n", "KCK-Lease: -1\r\n", "KCK-Lease: x-y\r\n", "KCK-Lease: x\"-1\r\n"}) {
    EXPECT_EQ(Call("POST", "/lease/free/1", "", field).status, 400) << field;
    EXPECT_EQ(Call("DELETE", "/lease/free/1", "", field).status, 400) << field;
  }
  EXPECT_EQ(Call("PUT", "/set/free/1", "1", "KCK-Lease: x\r\n").status, 400);
  for (const char* query : {"hold_ms=0", "hold_ms=x", "hold_ms=3600001", "wait_ms=x"}) {
    EXPECT_EQ(Ask(holder, 1, std::string("/lease/free/1?") + query).status, 400) << query;
  }
  for (const char* query : {"expire_seconds=0", "expire_seconds=-1", "expire_seconds=x", "expire_seconds=1e3",
                            "stale_seconds=", "stale_seconds=nan", "expire_seconds=1&stale_seconds=1",
                            "expire_seconds=99999999999", "life=1"}) {
    EXPECT_EQ(Call("PUT", std::string("/set/free/1?") + query, "1").status, 400) << query;
  }
  EXPECT_EQ(Call("PUT", "/set/note/a?expire_seconds=5", "1").status, 400) << "a product says that itself";
  EXPECT_EQ(Call("GET", "/lease/free/1").status, 405);
  EXPECT_EQ(engine_->leases().leases(), 0U);
}

TEST_F(LeaseCalls, WaitMsBoundsTheWait) {
  Serve();
  HttpConnection life = Connect();
  const std::string holder = HolderOf(life);
  Ask(holder, 1);
  EXPECT_EQ(Ask(holder, 2, "/lease/free/1?wait_ms=1").status, 504);
}

TEST_F(LeaseCalls, AHoldersConnectionIsNotIdle) {
  Serve([](HttpSettings& settings) { settings.idle_timeout = std::chrono::milliseconds(50); });
  HttpConnection life = Connect();
  const std::string holder = HolderOf(life);
  HttpConnection idle = Connect();
  EXPECT_EQ(idle.Call("GET", "/healthz").status, 200);
  EXPECT_TRUE(idle.AtEnd()) << "closed, so that the other one was looked at as well";
  EXPECT_EQ(life.Call("GET", "/healthz").status, 200);
  EXPECT_EQ(Ask(holder, 1).status, 200);
}

TEST_F(LeaseCalls, DrainingEndsThem) {
  Serve();
  HttpConnection life = Connect();
  Ask(HolderOf(life), 1);
  server_->Drain();
  EXPECT_TRUE(BecomesTrue([&] { return engine_->leases().leases() == 0; }));
}

}  // namespace
}  // namespace kck
