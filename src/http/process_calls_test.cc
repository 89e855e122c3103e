// Processes over real sockets: what is told of them, and running one by hand.
#include <gmock/gmock.h>

#include <thread>

#include "base/json.h"
#include "testing/http_fixture.h"

namespace kck {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class ProcessCalls : public HttpFixture {
 protected:
  // Ends the write that a process began, once it did.
  void EndWrite(std::size_t which, Result<Written> written) {
    const TimePoint until = Clock::now() + std::chrono::seconds(10);
    while (writer_->begun() <= which && Clock::now() < until) std::this_thread::yield();
    ASSERT_GT(writer_->begun(), which);
    writer_->Answer(which, std::move(written));
  }

  // The answer to a run that is waited for, whose write ends so.
  WireAnswer RunToItsEnd(std::size_t which, Result<Written> written) {
    WireAnswer answer;
    std::thread caller([&] { answer = Call("POST", "/processes/count/run?wait=1"); });
    EndWrite(which, std::move(written));
    caller.join();
    return answer;
  }
};

TEST_F(ProcessCalls, TellsOfProcesses) {
  Serve();
  const WireAnswer answer = Call("GET", "/processes");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(IsJson(answer.body)) << answer.body;
  EXPECT_THAT(answer.body,
              MatchesRegex(R"(\{"success":true,"processes":\[\{"name":"count","kind":"sql","database":"main",)"
                           R"("schedule":"every 1h","missed":"once","next":"20[0-9TZ:.-]+","running_since":null,)"
                           R"("owed":0,"last_success":null,"last_failure":null,"runs":\[\]\}\]\})"));
}

TEST_F(ProcessCalls, ARunIsWaitedFor) {
  Serve();
  const WireAnswer done = RunToItsEnd(0, WrittenAt(5));
  EXPECT_EQ(done.status, 200);
  EXPECT_TRUE(IsJson(done.body)) << done.body;
  EXPECT_THAT(done.body, MatchesRegex(R"(\{"success":true,"process":"count","run":\{"began":"20[0-9TZ:.-]+",)"
                                      R"("tick":null,"took_ms":[0-9]+,"result":"done","detail":"1 row"\}\})"));
  const WireAnswer failed = RunToItsEnd(1, Fail(ErrorCode::kSourceError, "scripted"));
  EXPECT_EQ(failed.status, 502);
  EXPECT_THAT(failed.body, HasSubstr(R"("name":"KCKSourceError","args":["count"],"message":"scripted")"));
  const std::string told = Call("GET", "/processes").body;
  EXPECT_THAT(told, HasSubstr(R"("last_failure":{"began":"20)"));
  EXPECT_THAT(told, HasSubstr(R"("result":"KCKSourceError","detail":"scripted"},{"began":"20)"));
  const std::string metrics = Call("GET", "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr(R"(kck_process_runs_total{process="count",result="done"} 1)"));
  EXPECT_THAT(metrics, HasSubstr(R"(kck_process_runs_total{process="count",result="KCKSourceError"} 1)"));
  EXPECT_THAT(metrics, HasSubstr(R"(kck_process_running{process="count"} 0)"));
  EXPECT_THAT(metrics, HasSubstr(R"(kck_process_last_success_unixtime{process="count"} )"));
}

TEST_F(ProcessCalls, ARunThatHasBegun) {
  Serve();
  const WireAnswer begun = Call("POST", "/processes/count/run");
  EXPECT_EQ(begun.status, 202);
  EXPECT_EQ(begun.body, R"({"success":true,"process":"count","begun":true})");
  const WireAnswer second = Call("POST", "/processes/count/run?wait=1");
  EXPECT_EQ(second.status, 503);
  EXPECT_THAT(second.body, HasSubstr("KCKOverloaded"));
  EXPECT_THAT(Call("GET", "/processes").body, HasSubstr(R"("next":null,"running_since":"20)"));
  EndWrite(0, WrittenAt(5));
}

TEST_F(ProcessCalls, Refusals) {
  Serve();
  const WireAnswer unknown = Call("POST", "/processes/nothing/run");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr(R"("name":"KCKUnknownKey","args":["nothing"])"));
  EXPECT_EQ(Call("POST", "/processes/count/run?wait=2").status, 400);
  EXPECT_EQ(Call("POST", "/processes/count").status, 404);
  EXPECT_EQ(Call("POST", "/processes").status, 405);
  EXPECT_EQ(Call("GET", "/processes/count/run").status, 405);
}

}  // namespace
}  // namespace kck
