#include "http/tls_stream.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "http/descriptor.h"
#include "http/tls_context.h"
#include "testing/certificate.h"
#include "testing/temp_folder.h"

namespace kck {
namespace {

void WriteFile(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

class TlsFiles : public testing::Test {
 protected:
  TlsSettings Settings() {
    TlsSettings settings;
    settings.cert = folder_.path() + "/cert.pem";
    settings.key = folder_.path() + "/key.pem";
    settings.cert_location = {"kck.yml", 3, 10};
    settings.key_location = {"kck.yml", 3, 20};
    return settings;
  }

  void Write(const std::string& cert, const std::string& key) {
    WriteFile(Settings().cert, cert);
    WriteFile(Settings().key, key);
  }

  std::string FaultOfFiles() {
    const auto loaded = LoadTlsContext(Settings());
    return loaded ? "" : FaultText(loaded.error());
  }

  TempFolder folder_;
};

// A stream on one end of a pair of sockets, and a client's bytes on the other.
class TlsStreamTest : public TlsFiles {
 protected:
  TlsStreamTest() {
    const TestPair pair;
    Write(pair.cert, pair.key);
    context_ = LoadTlsContext(Settings()).value();
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) != 0) throw std::runtime_error("socketpair");
    server_end_ = Descriptor(ends[0]);
    client_end_ = Descriptor(ends[1]);
    stream_ = std::make_unique<TlsStream>(*context_.context, ends[0]);
  }

  void SendBytes(const std::string& bytes) {
    EXPECT_EQ(send(client_end_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  std::string ReceiveBytes() {
    std::string bytes(std::size_t{1} << 20U, '\0');
    const ssize_t count = recv(client_end_.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
  }

  // What the stream receives at one piece of news of its socket; nothing is "would block", a minus its end or fault.
  std::string Receive() {
    stream_->Arrived(false);
    std::string text;
    do {
      std::array<char, 65536> room{};
      const ssize_t count = stream_->Receive(room);
      if (count == 0) return text + "-end";
      if (count < 0 && errno != EAGAIN) return text + "-fault";
      if (count > 0) text.append(room.data(), static_cast<std::size_t>(count));
    } while (stream_->has_more());
    return text;
  }

  void ShakeHands() {
    while (stream_->handshaking()) {
      client_.ShakeHands();
      SendBytes(client_.Take());
      EXPECT_EQ(Receive(), "");
      client_.Give(ReceiveBytes());
    }
    EXPECT_EQ(client_.Read(), "");
  }

  std::size_t SendPieces(const std::vector<std::string>& texts) {
    std::vector<iovec> pieces;
    for (const std::string& text : texts) pieces.push_back({const_cast<char*>(text.data()), text.size()});
    const ssize_t count = stream_->Send(pieces);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  TlsContext context_;
  Descriptor server_end_;
  Descriptor client_end_;
  std::unique_ptr<TlsStream> stream_;
  TlsClient client_;
};

TEST_F(TlsFiles, EachFaultNamesItsPlaceAndCure) {
  const TestPair pair;
  const TestPair other;
  using testing::AllOf;
  using testing::HasSubstr;
  using testing::StartsWith;
  EXPECT_THAT(FaultOfFiles(), AllOf(StartsWith("kck.yml:3:10: error: the certificate "),
                                    HasSubstr("cannot be read: No such file or directory (name a file")));
  Write("nothing", pair.key);
  EXPECT_THAT(FaultOfFiles(), AllOf(StartsWith("kck.yml:3:10: "), HasSubstr("holds no certificate in PEM form (")));
  Write(pair.cert + other.cert.substr(0, 200), pair.key);
  EXPECT_THAT(FaultOfFiles(),
              AllOf(StartsWith("kck.yml:3:10: "), HasSubstr("is damaged behind its first certificate")));
  Write(pair.cert, "nothing");
  EXPECT_THAT(FaultOfFiles(), AllOf(StartsWith("kck.yml:3:20: "), HasSubstr("holds no private key in PEM form")));
  Write(pair.cert, other.key);
  EXPECT_THAT(FaultOfFiles(), AllOf(StartsWith("kck.yml:3:20: "), HasSubstr("does not belong to the certificate")));
  Write(pair.cert + other.cert, pair.key);
  EXPECT_EQ(FaultOfFiles(), "") << "a chain";
}

TEST_F(TlsFiles, TheTimeOfACertificateIsTold) {
  const TestPair pair;
  Write(pair.cert, pair.key);
  const TlsContext context = LoadTlsContext(Settings()).value();
  EXPECT_EQ(context.valid_until - context.valid_from, 7200);
  EXPECT_TRUE(TimeFaults(context, Settings(), context.valid_from).empty());
  EXPECT_TRUE(TimeFaults(context, Settings(), context.valid_until).empty());
  EXPECT_THAT(FaultText(TimeFaults(context, Settings(), context.valid_until + 1).at(0)),
              testing::HasSubstr("expired on"));
  EXPECT_THAT(FaultText(TimeFaults(context, Settings(), context.valid_from - 1).at(0)),
              testing::HasSubstr("is not valid before"));
}

TEST_F(TlsStreamTest, BytesGoBothWays) {
  ShakeHands();
  client_.Write("question");
  client_.Write(" and another");
  SendBytes(client_.Take());
  EXPECT_EQ(Receive(), "question and another") << "two records";
  EXPECT_EQ(Receive(), "");
  EXPECT_EQ(SendPieces({"an", "swer"}), 6U);
  client_.Give(ReceiveBytes());
  EXPECT_EQ(client_.Read(), "answer");
}

TEST_F(TlsStreamTest, ARecordMayArriveByteByByte) {
  ShakeHands();
  client_.Write("question");
  std::string received;
  for (const char byte : client_.Take()) {
    EXPECT_EQ(received, "");
    SendBytes({byte});
    received = Receive();
    EXPECT_EQ(stream_->has_part(), received.empty());
  }
  EXPECT_EQ(received, "question");
}

TEST_F(TlsStreamTest, SmallPiecesShareARecordAndLargeOnesFillThem) {
  ShakeHands();
  const std::string large(100'000, 'x');
  EXPECT_EQ(SendPieces({"head", large, "tail"}), 16384U);
  EXPECT_EQ(SendPieces({large, "tail"}), 16384U);
  client_.Give(ReceiveBytes());
  EXPECT_EQ(client_.Read(), "head" + large.substr(0, 32764));
}

TEST_F(TlsStreamTest, WhatTheSocketDoesNotTakeComesAgain) {
  ShakeHands();
  const std::string large(16384, 'x');
  std::size_t sent = 0;
  while (SendPieces({"head", large}) > 0) ++sent;
  EXPECT_EQ(errno, EAGAIN);
  std::string received;
  for (int tries = 0; received.size() < (sent + 1) * 16384; ++tries) {
    ASSERT_LT(tries, 10000);
    client_.Give(ReceiveBytes());
    received += client_.Read();
    if (received.size() == sent * 16384) {
      EXPECT_EQ(SendPieces({"head", large}), 16384U) << "from other memory";
    }
  }
}

TEST_F(TlsStreamTest, AnEndIsOneOnlyWhereItIsSaid) {
  ShakeHands();
  client_.Write("question");
  client_.Finish();
  SendBytes(client_.Take());
  EXPECT_EQ(Receive(), "question-end");
  EXPECT_TRUE(stream_->Finish());
}

TEST_F(TlsStreamTest, AnEndThatIsNotSaidIsAFault) {
  ShakeHands();
  client_.Write("question");
  SendBytes(client_.Take());
  client_end_.Close();
  EXPECT_EQ(Receive(), "question");
  EXPECT_EQ(Receive(), "-fault");
  EXPECT_EQ(Receive(), "-fault") << "for good";
  EXPECT_EQ(SendPieces({"answer"}), 0U);
}

TEST_F(TlsStreamTest, AChangedByteIsAFault) {
  ShakeHands();
  client_.Write("question");
  std::string bytes = client_.Take();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  SendBytes(bytes);
  EXPECT_EQ(Receive(), "-fault");
  EXPECT_FALSE(stream_->handshaking());
}

TEST_F(TlsStreamTest, KnowsPlainHttpAndSilence) {
  EXPECT_EQ(Receive(), "");
  EXPECT_FALSE(stream_->heard());
  SendBytes("DELETE / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(Receive(), "-fault");
  EXPECT_TRUE(stream_->heard_plain_http());
  EXPECT_EQ(ReceiveBytes(), "") << "no alert, which a client of HTTP would not know";
}

}  // namespace
}  // namespace kck
