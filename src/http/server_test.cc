// Connections: keep-alive, pipelining, limits, time-outs, the end of the server.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include "http/descriptor.h"
#include "testing/http_fixture.h"

namespace kck {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class ServerTest : public HttpFixture {
 protected:
  // Reads metrics over `connection` until `line` is there.
  static void AwaitMetric(HttpConnection& connection, const std::string& line) {
    const TimePoint limit = Clock::now() + 10s;
    std::string body;
    while (body.find("\n" + line + "\n") == std::string::npos) {
      ASSERT_LT(Clock::now(), limit) << line << "\n" << body;
      body = connection.Call("GET", "/metrics").body;
    }
  }
};

TEST_F(ServerTest, AHundredRequestsInOneWriteAreAnsweredInOrder) {
  Serve();
  for (int i = 0; i < 100; i += 2) Call("GET", fmt::format("/fetch/item/{}", i));
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += RequestText("GET", fmt::format("/fetch/item/{}", i));
  HttpConnection connection = Connect();
  connection.Send(requests);
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(connection.Receive().body, HasSubstr(fmt::format(R"("value":"item/{}")", i)));
  }
  EXPECT_EQ(primer_.begun(), 100U);
}

TEST_F(ServerTest, WhatStandsBeforeASlowRequestIsNotHeldBack) {
  Serve();
  primer_.Hold();
  HttpConnection connection = Connect();
  connection.Send(RequestText("GET", "/healthz") + RequestText("GET", "/fetch/item/7") + RequestText("GET", "/"));
  EXPECT_EQ(connection.Receive().body, R"({"success":true})");
  primer_.AwaitBegun(1);
  primer_.Release();
  EXPECT_THAT(connection.Receive().body, HasSubstr(R"("value":"item/7")"));
  EXPECT_THAT(connection.Receive().body, HasSubstr("\"calls\""));
}

TEST_F(ServerTest, RequestsMayBeCutAnywhere) {
  Serve();
  const std::string request = RequestText("PUT", "/set/a", R"({"a":[1,2]})");
  HttpConnection connection = Connect();
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    connection.Send(request.substr(0, cut));
    connection.Send(request.substr(cut));
    ASSERT_EQ(connection.Receive().status, 200) << cut;
  }
  for (const char c : request) connection.Send(std::string_view(&c, 1));
  EXPECT_EQ(connection.Receive().status, 200);
}

TEST_F(ServerTest, LargeBodiesInAndOutOfAPipeline) {
  Serve();
  const std::string value = "\"" + std::string(3'000'000, 'b') + "\"";
  HttpConnection connection = Connect();
  EXPECT_EQ(connection.Call("PUT", "/set/large", value).status, 200);
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += RequestText("GET", "/fetch/large");
  connection.Send(requests);
  for (int i = 0; i < 10; ++i) ASSERT_THAT(connection.Receive().body, HasSubstr(value));
}

TEST_F(ServerTest, HonoursWhoClosesAndHttp10) {
  Serve();
  HttpConnection closing = Connect();
  EXPECT_EQ(closing.Call("GET", "/healthz", "", "Connection: close\r\n").header("connection"), "close");
  EXPECT_TRUE(closing.AtEnd());

  HttpConnection old = Connect();
  old.Send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(old.Receive().header("connection"), "keep-alive");
  old.Send("GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.Receive().header("connection"), "close");
  EXPECT_TRUE(old.AtEnd());

  HttpConnection half = Connect();
  half.Send(RequestText("GET", "/fetch/item/7"));
  half.FinishSending();
  EXPECT_EQ(half.Receive().status, 200) << "a client that will send no more may still listen";
  EXPECT_TRUE(half.AtEnd());
}

TEST_F(ServerTest, NothingIsReadBehindARequestThatCloses) {
  Serve();
  HttpConnection connection = Connect();
  connection.Send(RequestText("GET", "/healthz", "", "Connection: close\r\n") + RequestText("PUT", "/set/a", "1"));
  EXPECT_EQ(connection.Receive().status, 200);
  EXPECT_TRUE(connection.AtEnd());
  EXPECT_EQ(Call("GET", "/fetch/a").status, 404);
}

TEST_F(ServerTest, BytesThatAreNoRequestAreAnsweredAndTheConnectionClosed) {
  Serve([](HttpSettings& settings) { settings.body_bytes_max = 1000; });
  const std::string large(100'000, 'x');
  const std::vector<std::pair<std::string, int>> cases{
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/3.0\r\n\r\n", 505},
      {RequestText("PUT", "/set/a", large), 413},
      {"GET /" + large + " HTTP/1.1\r\n\r\n", 431},
      {"PUT /set/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"PUT /set/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"PUT /set/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n1", 400}};
  for (const auto& [bytes, status] : cases) {
    HttpConnection connection = Connect();
    connection.Send(RequestText("GET", "/healthz") + bytes);
    EXPECT_EQ(connection.Receive().status, 200);
    const WireAnswer answer = connection.Receive();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_THAT(answer.body, HasSubstr(R"({"success":false,"error":{"name":"KCKBadRequest","args":[],"message":")"));
    EXPECT_TRUE(connection.AtEnd());
  }
}

TEST_F(ServerTest, SaysContinueToAClientThatWaits) {
  Serve();
  HttpConnection connection = Connect();
  connection.Send("PUT /set/a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(connection.Receive().status, 100);
  connection.Send("17");
  EXPECT_EQ(connection.Receive().status, 200);
}

TEST_F(ServerTest, ChunkedBodiesAreTaken) {
  Serve();
  HttpConnection connection = Connect();
  connection.Send("PUT /set/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n");
  EXPECT_EQ(connection.Receive().status, 200);
  EXPECT_THAT(connection.Call("GET", "/fetch/a").body, HasSubstr("\"value\":[1],"));
}

TEST_F(ServerTest, SilentAndSlowClientsAreLetGo) {
  Serve([](HttpSettings& settings) { settings.idle_timeout = 100ms; });
  HttpConnection silent = Connect();
  HttpConnection slow = Connect();
  slow.Send("GET /fetch/item/7 HTTP/1.1\r\n");
  HttpConnection slow_body = Connect();
  slow_body.Send("PUT /set/a HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n1");
  EXPECT_EQ(slow.Receive().status, 408);
  EXPECT_TRUE(slow.AtEnd());
  EXPECT_EQ(slow_body.Receive().status, 408);
  EXPECT_TRUE(slow_body.AtEnd());
  EXPECT_TRUE(silent.AtEnd());
}

TEST_F(ServerTest, AClientThatWaitsForAFillIsNotSilent) {
  Serve([](HttpSettings& settings) { settings.idle_timeout = 40ms; });
  primer_.Hold();
  HttpConnection waiting = Connect();
  waiting.Send(RequestText("GET", "/fetch/item/7"));
  primer_.AwaitBegun(1);
  HttpConnection silent = Connect();
  EXPECT_TRUE(silent.AtEnd()) << "the time-out has passed";
  primer_.Release();
  EXPECT_EQ(waiting.Receive().status, 200);
}

TEST_F(ServerTest, AClientThatDoesNotReadStopsItsOwnRequestsOnly) {
  Serve([](HttpSettings& settings) { settings.idle_timeout = 300ms; });
  Script("\"" + std::string(1'000'000, 'v') + "\"", 700);
  Call("GET", "/fetch/item/7");
  HttpConnection greedy = Connect();
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += RequestText("GET", "/fetch/item/7");
  greedy.Send(requests);
  HttpConnection other = Connect();
  EXPECT_EQ(other.Call("GET", "/healthz").status, 200);
  AwaitMetric(other, "kck_http_connections 1");  // the greedy one has been closed
}

TEST_F(ServerTest, ConnectionsBeyondTheBoundAreToldSo) {
  Serve([](HttpSettings& settings) { settings.connections_max = 2; });
  auto first = std::make_unique<HttpConnection>(server_->port());
  HttpConnection second = Connect();
  EXPECT_EQ(first->Call("GET", "/healthz").status, 200);
  EXPECT_EQ(second.Call("GET", "/healthz").status, 200);
  HttpConnection third = Connect();
  const WireAnswer refused = third.Receive();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_THAT(refused.body, HasSubstr("KCKOverloaded"));
  EXPECT_TRUE(third.AtEnd());
  EXPECT_THAT(second.Call("GET", "/metrics").body, HasSubstr("\nkck_http_connections_refused_total 1\n"));

  first.reset();
  AwaitMetric(second, "kck_http_connections 1");
  EXPECT_EQ(Call("GET", "/healthz").status, 200) << "there is room again";
}

TEST_F(ServerTest, BodiesTogetherAreBounded) {
  Serve([](HttpSettings& settings) { settings.bodies_bytes_max = 3000; });
  const std::string request = RequestText("PUT", "/set/a", "\"" + std::string(1998, 'b') + "\"");
  HttpConnection first = Connect();
  HttpConnection other = Connect();
  first.Send(request.substr(0, request.size() - 1));
  AwaitMetric(other, "kck_http_bodies_bytes 1999");

  HttpConnection second = Connect();
  second.Send(request);
  const WireAnswer refused = second.Receive();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(refused.header("connection"), "close");
  EXPECT_THAT(refused.body, HasSubstr("KCKOverloaded"));
  EXPECT_THAT(other.Call("GET", "/metrics").body, HasSubstr("\nkck_http_bodies_refused_total 1\n"));
  EXPECT_EQ(Call("GET", "/healthz").status, 200) << "what has no body is served";

  first.Send(request.substr(request.size() - 1));
  EXPECT_EQ(first.Receive().status, 200);
  EXPECT_EQ(Call("PUT", "/set/a", "1").status, 200) << "there is room again";
  AwaitMetric(other, "kck_http_bodies_bytes 0");
}

TEST_F(ServerTest, UnsentAnswersTogetherAreBounded) {
  Serve([](HttpSettings& settings) { settings.unsent_bytes_max = 1000; });
  Script("\"" + std::string(10'000, 'v') + "\"", 700);
  Call("GET", "/fetch/item/7");
  HttpConnection greedy = Connect();
  std::string requests;
  for (int i = 0; i < 2000; ++i) requests += RequestText("GET", "/fetch/item/7");
  greedy.Send(requests);
  HttpConnection other = Connect();
  AwaitMetric(other, "kck_http_unsent_closed_total 1");
  AwaitMetric(other, "kck_http_connections 1");
  AwaitMetric(other, "kck_http_unsent_bytes 0");
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KCK_SANITIZER_NEEDS_DESCRIPTORS  // it opens a pipe to learn whether memory may be read
#endif
#endif

#ifndef KCK_SANITIZER_NEEDS_DESCRIPTORS
// Lets the process open no descriptor beyond the next one.
class OneMoreDescriptor {
 public:
  OneMoreDescriptor() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const Descriptor next(dup(STDERR_FILENO));
    const rlimit limit{.rlim_cur = static_cast<rlim_t>(next.get()) + 1, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~OneMoreDescriptor() { setrlimit(RLIMIT_NOFILE, &before_); }
  OneMoreDescriptor(const OneMoreDescriptor&) = delete;
  OneMoreDescriptor& operator=(const OneMoreDescriptor&) = delete;

 private:
  rlimit before_{};
};

TEST_F(ServerTest, AcceptsAgainOnceDescriptorsAreFree) {
  Serve();
  ASSERT_EQ(Call("GET", "/healthz").status, 200);
  auto limit = std::make_unique<OneMoreDescriptor>();
  HttpConnection connection = Connect();
  connection.Send(RequestText("GET", "/healthz"));
  std::this_thread::sleep_for(50ms);  // the server tries, and fails; without it the test would only prove less
  limit.reset();
  EXPECT_EQ(connection.Receive().status, 200);
}
#endif

TEST_F(ServerTest, ManyThreadsServeOnePort) {
  Serve([](HttpSettings&) {}, 4);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(Call("GET", fmt::format("/fetch/item/{}", i % 5)).status, 200);
  EXPECT_EQ(primer_.begun(), 5U);
  EXPECT_THAT(Call("GET", "/metrics").body, HasSubstr("kck_http_requests_total{call=\"fetch\",status=\"2xx\"} 50\n"));
}

TEST_F(ServerTest, APortInUseIsRefusedWithItsName) {
  Serve();
  HttpSettings settings;
  settings.port = server_->port();
  HttpServer second(Node{*engine_, *refresher_, *processes_}, settings, 1, {});
  const Result<void> started = second.Start();
  ASSERT_FALSE(started) << "two servers would share the requests";
  EXPECT_THAT(started.error().message, HasSubstr(fmt::format("127.0.0.1:{}", settings.port)));
  EXPECT_THAT(started.error().message, HasSubstr("in use"));
  settings.address = "not an address";
  HttpServer third(Node{*engine_, *refresher_, *processes_}, settings, 1, {});
  EXPECT_THAT(third.Start().error().message, HasSubstr("not an address"));
}

TEST_F(ServerTest, ListensOnIpv6WithAndWithoutBrackets) {
  for (const char* address : {"::1", "[::1]"}) {
    Serve();
    HttpSettings settings;
    settings.address = address;
    settings.port = 0;
    HttpServer server(Node{*engine_, *refresher_, *processes_}, settings, 1, {});
    EXPECT_TRUE(server.Start()) << address;
    engine_->Stop();
  }
}

TEST_F(ServerTest, DrainFinishesWhatIsUnderWay) {
  Serve();
  primer_.Hold();
  HttpConnection idle = Connect();
  EXPECT_EQ(idle.Call("GET", "/readyz").status, 200);
  auto busy = std::make_unique<HttpConnection>(server_->port());
  busy->Send(RequestText("GET", "/fetch/item/7") + RequestText("GET", "/readyz"));
  primer_.AwaitBegun(1);
  std::thread drain([&] { server_->Drain(); });
  EXPECT_TRUE(idle.AtEnd());
  EXPECT_THROW(Connect(), std::runtime_error) << "no longer accepts";
  primer_.Release();
  const WireAnswer fetched = busy->Receive();
  EXPECT_THAT(fetched.body, HasSubstr(R"("value":"item/7")"));
  EXPECT_EQ(fetched.header("connection"), "") << "another request had arrived";
  const WireAnswer ready = busy->Receive();
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, HasSubstr("shutting down"));
  EXPECT_EQ(ready.header("connection"), "close");
  EXPECT_TRUE(busy->AtEnd());
  busy.reset();
  drain.join();
}

TEST_F(ServerTest, DrainEndsAtItsTimeOut) {
  Serve([](HttpSettings& settings) { settings.drain_timeout = 50ms; });
  primer_.Hold();
  HttpConnection waiting = Connect();
  waiting.Send(RequestText("GET", "/fetch/item/7"));
  HttpConnection half = Connect();
  half.Send("GET /fetch/item/8 HTTP/1.1\r\n");
  primer_.AwaitBegun(1);
  server_->Drain();
  EXPECT_TRUE(waiting.AtEnd());
  primer_.Release();  // the answer finds no connection, and that is all
  server_.reset();
}

}  // namespace
}  // namespace kck
