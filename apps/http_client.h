// One HTTP/1.1 call to a KCK server: what the client commands need, and no more.
//
// Blocks until the answer is there or the time is up. Needs nothing of the calling thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace kck {

struct ServerAddress {
  std::string host;
  std::uint16_t port = 80;
  bool tls = false;
  std::string socket = {};  // the path of a Unix socket, which stands for the others; empty: none

  std::string Url() const;  // "http://127.0.0.1:8001", "unix:/srv/shop/kck.sock"
};

// Whose word a client takes, over TLS, that the server is the right one.
struct Trust {
  std::string file;     // certificates in PEM form; empty: the system's authorities
  bool by_name = true;  // they are authorities, and the server's certificate has to be for its host
                        // else: one of them is the server's own, whatever it is for
};

// Reads "http://HOST[:PORT][/]", or https; the error says what a right one looks like.
tl::expected<ServerAddress, std::string> ParseServerUrl(std::string_view url);

// Reads "HOST:PORT", an IPv6 address in brackets.
tl::expected<ServerAddress, std::string> ParseHostPort(std::string_view text);

struct HttpCall {
  std::string method;
  std::string target;      // path and query, percent-encoded
  std::string body;        // JSON; empty: none
  std::string if_match;    // an ETag without its quotes; empty: none
  std::string after = {};  // KCK-After; empty: none
  std::string token = {};  // a JWT; empty: none
};

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
  std::string state;        // KCK-State; empty where the answer has none
  std::string age_seconds;  // KCK-Age
};

// The error is a sentence about the connection; an answer with any status is an answer.
tl::expected<HttpAnswer, std::string> CallServer(const ServerAddress& server, const Trust& trust, const HttpCall& call,
                                                 std::chrono::seconds timeout);

}  // namespace kck
