// A PostgreSQL that stops, starts, hangs, or is the wrong one.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "source/sources.h"
#include "testing/pg_client.h"
#include "testing/pg_server.h"
#include "testing/statements.h"

namespace kck {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Ask(Source& source, std::string_view sql, Duration wait = seconds(30)) {
  const auto rows = RunFill(source, MakeStatement(sql), {}, wait);
  return rows ? rows->json : std::string(ErrorName(rows.error().code)) + " " + rows.error().message;
}

const std::string kUnreachable = "KCKSourceError database main cannot be reached";

TEST(PgOutage, FailsFastWhileTheServerIsDownAndRecoversByItself) {
  PgServer server;
  const auto source = OpenPgSource(server.Settings());
  ASSERT_EQ(Ask(*source, "select 1"), "[[1]]");
  for (const char* mode : {"immediate", "fast"}) {
    server.Stop(mode);
    while (source->Reachable()) std::this_thread::yield();
    const TimePoint start = Clock::now();
    EXPECT_EQ(Ask(*source, "select 1"), kUnreachable);
    EXPECT_LT(Clock::now() - start, seconds(2));
    server.Start();
    while (!source->Reachable()) std::this_thread::yield();
    EXPECT_EQ(Ask(*source, "select 1"), "[[1]]");
  }
}

TEST(PgOutage, WaitsForTheFirstConnection) {
  const auto source = OpenPgSource(SharedPgServer().Settings());
  EXPECT_EQ(Ask(*source, "select 1"), "[[1]]");
}

TEST(PgOutage, SendsAFillAgainWhoseConnectionIsLost) {
  const auto source = OpenPgSource(SharedPgServer().Settings());
  PgClient client(SharedPgServer().Url());
  client.Run("select pg_advisory_lock(21)");
  std::promise<std::string> answered;
  source->Fill(MakeStatement("select 'again' from pg_advisory_lock_shared(21)"), {}, Clock::now() + seconds(30),
               [&](const Result<Rows>& rows) { answered.set_value(rows ? rows->json : rows.error().message); });
  std::vector<std::string> waiter;
  const std::string waiting = "select pid from pg_locks where locktype = 'advisory' and objid = 21 and not granted";
  while (waiter.empty()) waiter = client.Run(waiting);
  client.Run("select pg_terminate_backend(" + waiter[0] + ")");
  const std::string other = waiting + " and pid <> " + waiter[0];
  while (client.Run(other).empty()) continue;
  client.Run("select pg_advisory_unlock(21)");
  EXPECT_EQ(answered.get_future().get(), R"([["again"]])");
}

TEST(PgOutage, AFillThatLosesTwoConnectionsFails) {
  const auto source = OpenPgSource(SharedPgServer().Settings());
  EXPECT_EQ(Ask(*source, "select pg_terminate_backend(pg_backend_pid())"),
            "KCKSourceError database main: the connection was lost twice");
  EXPECT_EQ(Ask(*source, "select 1"), "[[1]]");
}

TEST(PgOutage, RefusesAStandbyUntilItIsPromoted) {
  PgServer primary;
  const auto standby = PgServer::StandbyOf(primary);
  EXPECT_EQ(standby->Run("select pg_is_in_recovery()")[0], "t");
  const auto source = OpenPgSource(standby->Settings());
  const auto description = source->Describe(*MakeStatement("select 1"));
  ASSERT_FALSE(description.has_value());
  EXPECT_NE(description.error().message.find("standby"), std::string::npos) << description.error().message;
  EXPECT_EQ(Ask(*source, "select 1"), kUnreachable);
  EXPECT_FALSE(source->Reachable());

  standby->Run("select pg_promote()");
  while (!source->Reachable()) std::this_thread::yield();
  const auto rows = RunFill(*source, MakeStatement("select 1"));
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->identity.timeline, 2);
}

// Also where the URL says that any server will do.
TEST(PgOutage, RefusesAStandbyThatTheUrlAsksFor) {
  PgServer primary;
  const auto standby = PgServer::StandbyOf(primary);
  DatabaseSettings settings = standby->Settings();
  settings.url += "?target_session_attrs=any";
  const auto source = OpenPgSource(settings);
  const auto description = source->Describe(*MakeStatement("select 1"));
  ASSERT_FALSE(description.has_value());
  EXPECT_EQ(description.error().message,
            "database main cannot be reached: the server is a standby; the url must lead to the primary");
  EXPECT_EQ(Ask(*source, "select 1"), kUnreachable);
}

TEST(PgOutage, ARoleThatMayNotReadTheIdentifierFillsWithoutIt) {
  PgServer server;
  server.Run("create role plain login; revoke execute on function pg_control_system() from public");
  DatabaseSettings settings = server.Settings();
  settings.url = server.Url("plain");
  const auto rows = RunFill(*OpenPgSource(settings), MakeStatement("select 1"));
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->identity.system_identifier, 0);
  EXPECT_EQ(rows->identity.timeline, 1);
}

// Accepts connections, by the kernel's backlog, and never answers.
class SilentServer {
 public:
  SilentServer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* any_address = reinterpret_cast<sockaddr*>(&address);
    const bool listens = bind(listener_, any_address, length) == 0 && listen(listener_, 10) == 0 &&
                         getsockname(listener_, any_address, &length) == 0;
    if (!listens) throw std::runtime_error("no listener");
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { close(listener_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  DatabaseSettings Settings() const {
    DatabaseSettings settings;
    settings.name = "main";
    settings.url = "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/postgres";
    return settings;
  }

 private:
  int listener_;
  int port_ = 0;
};

TEST(PgOutage, AServerThatNeverAnswersCostsNoMoreThanTheDeadline) {
  const SilentServer server;
  const auto source = OpenPgSource(server.Settings());
  const TimePoint start = Clock::now();
  EXPECT_EQ(Ask(*source, "select 1", milliseconds(100)),
            "KCKSourceTimeout database main did not answer in the time allowed");
  EXPECT_LT(Clock::now() - start, seconds(2));
  EXPECT_EQ(Ask(*source, "select 1"), kUnreachable);
  EXPECT_LT(Clock::now() - start, seconds(5));
}

TEST(PgOutage, ClosesWhileItConnects) {
  const SilentServer server;
  const auto start = Clock::now();
  for (int i = 0; i < 20; ++i) OpenPgSource(server.Settings());
  EXPECT_LT(Clock::now() - start, seconds(2));
}

// A backend that is stopped keeps its socket open and does not even time statements out.
TEST(PgOutage, GivesUpAConnectionThatHangs) {
  PgServer server;
  DatabaseSettings settings = server.Settings();
  settings.pool = 1;
  settings.statement_timeout = milliseconds(100);
  const auto source = OpenPgSource(settings);
  const auto rows = RunFill(*source, MakeStatement("select pg_backend_pid()"));
  ASSERT_TRUE(rows.has_value());
  const pid_t backend = std::stoi(rows->json.substr(2));
  ASSERT_EQ(kill(backend, SIGSTOP), 0);
  EXPECT_EQ(Ask(*source, "select 2", milliseconds(200)),
            "KCKSourceTimeout database main did not answer in the time allowed");
  EXPECT_EQ(Ask(*source, "select 3"), "[[3]]");
  kill(backend, SIGCONT);
}

}  // namespace
}  // namespace kck
