#include "http/request_parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace kck {
namespace {

using State = RequestParser::State;

// A parser with its request, fed as a connection would: unconsumed bytes are shown again, with more behind them.
struct Feed {
  explicit Feed(std::size_t body_bytes_max = 1000) : parser(request, body_bytes_max, budget) {}

  State Add(std::string_view bytes) {
    unread += bytes;
    const RequestParser::Progress progress = parser.Put(unread);
    unread.erase(0, progress.consumed);
    return progress.state;
  }

  // Adds `bytes` one by one, up to a state that needs no more.
  State Trickle(std::string_view bytes) {
    State state = State::kNeedsMore;
    for (std::size_t i = 0; i < bytes.size() && state == State::kNeedsMore; ++i) state = Add(bytes.substr(i, 1));
    return state;
  }

  Request request;
  BodyBudget budget{std::size_t{1} << 20U};
  RequestParser parser;
  std::string unread;
};

constexpr std::string_view kPlain =
    "PUT /set/a%2Fb?x=1 HTTP/1.1\r\nHost: h\r\nIf-Match: \"1.2.3\"\r\nIf-None-Match: \"a\"\r\n"
    "If-None-Match: W/\"b\"\r\nContent-Length: 5\r\n\r\nhello";

void ExpectPlain(const Request& request) {
  EXPECT_EQ(request.method, Method::kPut);
  EXPECT_EQ(request.version, 11);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_EQ(request.target, "/set/a%2Fb?x=1");
  EXPECT_TRUE(request.has_if_match);
  EXPECT_EQ(request.if_match, "\"1.2.3\"");
  EXPECT_EQ(request.if_none_match, "\"a\", W/\"b\"");
  EXPECT_EQ(request.body, "hello");
}

TEST(RequestParserTest, ReadsARequestHoweverItIsCut) {
  for (std::size_t cut = 0; cut <= kPlain.size(); ++cut) {
    Feed feed;
    State state = feed.Add(kPlain.substr(0, cut));
    if (cut < kPlain.size()) {
      ASSERT_EQ(state, State::kNeedsMore) << cut;
      state = feed.Add(kPlain.substr(cut));
    }
    ASSERT_EQ(state, State::kComplete) << cut;
    ExpectPlain(feed.request);
  }
  Feed feed;
  EXPECT_EQ(feed.Trickle(kPlain), State::kComplete);
  ExpectPlain(feed.request);
}

TEST(RequestParserTest, LeavesTheNextRequestUnread) {
  Feed feed;
  ASSERT_EQ(feed.Add(fmt::format("{}\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", kPlain)), State::kComplete);
  feed.parser.Reset();
  ASSERT_EQ(feed.Add(""), State::kComplete);
  EXPECT_EQ(feed.request.target, "/");
  EXPECT_EQ(feed.request.body, "");
  EXPECT_FALSE(feed.request.has_if_match);
  EXPECT_EQ(feed.request.if_none_match, "");
  EXPECT_EQ(feed.unread, "");
}

TEST(RequestParserTest, ReadsChunksAndIgnoresTrailers) {
  constexpr std::string_view kChunked =
      "POST /mget HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x=y\r\n[\"a\r\n2\r\n\"]\r\n0\r\nIf-Match: \"1.2.3\"\r\n\r\n";
  for (const bool whole : {true, false}) {
    Feed feed;
    ASSERT_EQ(whole ? feed.Add(kChunked) : feed.Trickle(kChunked), State::kComplete);
    EXPECT_EQ(feed.request.body, "[\"a\"]");
    EXPECT_FALSE(feed.request.has_if_match);
  }
}

TEST(RequestParserTest, KnowsWhoKeepsTheConnection) {
  const auto keeps = [](std::string_view text) {
    Feed feed;
    EXPECT_EQ(feed.Add(text), State::kComplete) << text;
    return feed.request.keep_alive;
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(RequestParserTest, AsksForTheBodyOnce) {
  Feed feed;
  ASSERT_EQ(feed.Add("PUT /set/a HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"),
            State::kNeedsMore);
  EXPECT_TRUE(feed.parser.TakeContinue());
  EXPECT_FALSE(feed.parser.TakeContinue());
  EXPECT_EQ(feed.Add("17"), State::kComplete);

  Feed early;
  ASSERT_EQ(early.Add("PUT /set/a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n1"),
            State::kNeedsMore);
  EXPECT_FALSE(early.parser.TakeContinue()) << "the client has begun to send it";
}

struct Refusal {
  std::string_view text;
  int status;
  std::string_view says;
};

class RefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(RefusalTest, SaysWhyHoweverTheRequestIsCut) {
  for (const bool whole : {true, false}) {
    Feed feed(10);
    const State state = whole ? feed.Add(GetParam().text) : feed.Trickle(GetParam().text);
    ASSERT_EQ(state, State::kFault) << GetParam().text;
    EXPECT_EQ(feed.parser.fault().status, GetParam().status) << GetParam().text;
    EXPECT_NE(feed.parser.fault().message.find(GetParam().says), std::string::npos) << feed.parser.fault().message;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusalTest,
    testing::Values(
        Refusal{"GET /a b HTTP/1.1\r\n\r\n", 400, "HTTP version"}, Refusal{" / HTTP/1.1\r\n\r\n", 400, "parse"},
        Refusal{"GET /\r\n\r\n", 400, "parse"}, Refusal{"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400, "parse"},
        Refusal{"GET / HTTP/2.0\r\n\r\n", 505, "HTTP/1.1"},
        Refusal{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/1.1"}, Refusal{"GET / HTTP/1.1\r\n\r\n", 400, "Host"},
        Refusal{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "Host"},
        Refusal{"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n", 413, "http.body_bytes_max"},
        Refusal{"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n", 413, "http.body_bytes_max"},
        Refusal{"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400, "parse"},
        Refusal{"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, "Content-Length"},
        Refusal{"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "Content-Length"},
        Refusal{"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n", 400, "Content-Length"},
        Refusal{"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400, "Content-Length"},
        Refusal{"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                "Transfer-Encoding"},
        Refusal{"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400,
                "Transfer-Encoding"},
        Refusal{"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, "chunked"},
        Refusal{"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "chunked"},
        Refusal{"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "HTTP/1.0"},
        Refusal{"PUT / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n", 417, "100-continue"}));

TEST(RequestParserTest, LinesEndWithBothCharacters) {
  Feed feed;
  ASSERT_EQ(feed.Add("GET / HTTP/1.1\nHost: h\n\n"), State::kFault);
  EXPECT_EQ(feed.parser.fault().status, 400);
}

TEST(RequestParserTest, BoundsTheHeaders) {
  const std::string many(kHeaderBytesMax, 'x');
  std::string fields = "GET / HTTP/1.1\r\nHost: h\r\n";
  while (fields.size() <= kHeaderBytesMax) fields += "A: b\r\n";
  for (const std::string& text : {"GET /" + many, "GET / HTTP/1.1\r\nHost: h\r\nA: " + many, fields}) {
    for (const bool whole : {true, false}) {
      Feed feed;
      ASSERT_EQ(whole ? feed.Add(text) : feed.Trickle(text), State::kFault);
      EXPECT_EQ(feed.parser.fault().status, 431);
    }
  }
}

TEST(RequestParserTest, BoundsWhatStandsBetweenChunks) {
  Feed feed;
  ASSERT_EQ(feed.Add("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a="), State::kNeedsMore);
  EXPECT_EQ(feed.Add(std::string(kHeaderBytesMax, 'x')), State::kFault);
}

}  // namespace
}  // namespace kck
