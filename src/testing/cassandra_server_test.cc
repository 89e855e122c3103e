#include "testing/cassandra_server.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>

#include "testing/certificate.h"

namespace kck {
namespace {

using boost::asio::ip::tcp;
using std::chrono::milliseconds;

constexpr milliseconds kAnswerTime(20000);

// A request of CQL for what the node supports, and the kind of answer.
constexpr std::string_view kOptionsRequest("\x04\x00\x00\x01\x05\x00\x00\x00\x00", 9);
constexpr char kSupported = 6;

tcp::endpoint Endpoint(const std::string& contact_point) {
  const auto colon = contact_point.find(':');
  return {boost::asio::ip::make_address(contact_point.substr(0, colon)),
          static_cast<std::uint16_t>(std::stoi(contact_point.substr(colon + 1)))};
}

// The first bytes of the answer to `request`, or as many as come in time; none where nobody listens.
std::string Ask(const std::string& contact_point, std::string_view request, milliseconds time = kAnswerTime) {
  boost::asio::io_context context;
  tcp::socket socket(context);
  boost::system::error_code refused;
  socket.connect(Endpoint(contact_point), refused);
  if (refused) return {};
  boost::asio::write(socket, boost::asio::buffer(request));
  std::string answer(5, '\0');
  std::size_t received = 0;
  boost::asio::async_read(socket, boost::asio::buffer(answer),
                          [&](const boost::system::error_code&, std::size_t bytes) { received = bytes; });
  context.run_for(time);
  if (received < answer.size()) return {};
  return answer;
}

bool Serves(const std::string& contact_point, milliseconds time = kAnswerTime) {
  const std::string answer = Ask(contact_point, kOptionsRequest, time);
  return !answer.empty() && answer[4] == kSupported;
}

TEST(CassandraServer, IsKilledStoppedAndStarted) {
  CassandraServer& server = SharedCassandraServer();
  const std::string node = server.contact_points();
  EXPECT_TRUE(Serves(node));
  server.Kill(1);
  EXPECT_FALSE(Serves(node));
  server.Start(1);
  EXPECT_TRUE(Serves(node));
  server.Stop(1);
  EXPECT_FALSE(Serves(node));
  server.Start(1);
  EXPECT_TRUE(Serves(node));
}

TEST(CassandraServer, SaysNothingWhilePaused) {
  CassandraServer& server = SharedCassandraServer();
  server.Pause(1);
  EXPECT_FALSE(Serves(server.contact_points(), milliseconds(200)));
  server.Resume(1);
  EXPECT_TRUE(Serves(server.contact_points()));
}

TEST(CassandraServer, TwoAtOnceHavePortsOfTheirOwnAndOneSpeaksTls) {
  CassandraServer& other = SharedCassandraServer();
  const TestPair pair;
  CassandraOptions options;
  options.certificate = pair.cert;
  options.key = pair.key;
  const CassandraServer server(options);
  EXPECT_NE(server.contact_points(), other.contact_points());
  EXPECT_FALSE(Serves(server.contact_points()));
  EXPECT_TRUE(Serves(other.contact_points()));
}

TEST(CassandraServer, SaysWhatWentWrong) {
  CassandraServer& server = SharedCassandraServer();
  try {
    server.Kill(7);
    FAIL() << "there is no node 7";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("there is no node 7"));
  }
}

}  // namespace
}  // namespace kck
