#include "apps/http_client.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <optional>
#include <vector>

namespace kck {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::uint64_t kAnswerBytesMax = std::uint64_t{1} << 30U;

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || stop != end || text.empty()) return std::nullopt;
  return port;
}

// One call, as a chain of handlers on one context: connect, write, read.
class Exchange {
 public:
  Exchange(const ServerAddress& server, const HttpCall& call) {
    request_.method_string(call.method);
    request_.target(call.target);
    request_.version(11);
    request_.set(http::field::host, server.socket.empty() ? fmt::format("{}:{}", server.host, server.port) : "kck");
    request_.set(http::field::user_agent, "kck");
    if (!call.if_match.empty()) request_.set(http::field::if_match, "\"" + call.if_match + "\"");
    if (!call.after.empty()) request_.set("KCK-After", call.after);
    if (!call.token.empty()) request_.set(http::field::authorization, "Bearer " + call.token);
    if (!call.body.empty()) request_.set(http::field::content_type, "application/json");
    request_.body() = call.body;
    request_.prepare_payload();
    parser_.body_limit(kAnswerBytesMax);
  }

  tl::expected<HttpAnswer, std::string> Run(const ServerAddress& server, std::chrono::seconds timeout) {
    stream_.expires_after(timeout);
    if (Failed(server.socket.empty() ? Connect(server) : ConnectLocal(server))) {
      return tl::unexpected(error_.message());
    }
    io_.run();
    if (error_ == beast::error::timeout) {
      return tl::unexpected(fmt::format("no answer within {} s", timeout.count()));
    }
    if (error_) return tl::unexpected(error_.message());
    return Answer();
  }

 private:
  using Protocol = asio::generic::stream_protocol;

  beast::error_code Connect(const ServerAddress& server) {
    beast::error_code error;
    asio::ip::tcp::resolver resolver(io_);
    const auto found = resolver.resolve(server.host, std::to_string(server.port), error);
    if (error) return error;
    for (const auto& entry : found) endpoints_.emplace_back(entry.endpoint());
    stream_.async_connect(endpoints_, [this](const beast::error_code& failed, const Protocol::endpoint&) {
      if (!Failed(failed)) Write();
    });
    return {};
  }

  beast::error_code ConnectLocal(const ServerAddress& server) {
    const asio::local::stream_protocol::endpoint place(server.socket);
    stream_.async_connect(place, [this](const beast::error_code& failed) {
      if (!Failed(failed)) Write();
    });
    return {};
  }

  bool Failed(const beast::error_code& error) {
    error_ = error;
    return error_.failed();
  }

  void Write() {
    http::async_write(stream_, request_, [this](const beast::error_code& failed, std::size_t) {
      if (!Failed(failed)) Read();
    });
  }

  void Read() {
    http::async_read(stream_, buffer_, parser_, [this](const beast::error_code& failed, std::size_t) {
      if (Failed(failed)) return;
      stream_.close();
    });
  }

  HttpAnswer Answer() {
    auto& response = parser_.get();
    HttpAnswer answer;
    answer.status = response.result_int();
    answer.state = std::string_view(response["KCK-State"]);
    answer.age_seconds = std::string_view(response["KCK-Age"]);
    answer.body = std::move(response.body());
    return answer;
  }

  asio::io_context io_{1};
  beast::basic_stream<Protocol> stream_{io_};
  std::vector<Protocol::endpoint> endpoints_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  beast::error_code error_;
};

}  // namespace

std::string ServerAddress::Url() const {
  if (!socket.empty()) return "unix:" + socket;
  const bool bracket = host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", bracket ? "[" : "", host, bracket ? "]" : "", port);
}

tl::expected<ServerAddress, std::string> ParseHostPort(std::string_view text) {
  const auto wrong = [&] { return tl::unexpected(fmt::format("'{}' is not HOST:PORT, as 127.0.0.1:8001", text)); };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();
  }
  const auto port = ParsePort(text.substr(colon + 1));
  if (host.empty() || !port) return wrong();
  return ServerAddress{std::string(host), *port, ""};
}

tl::expected<ServerAddress, std::string> ParseServerUrl(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  const auto wrong = [&] {
    return tl::unexpected(fmt::format("'{}' is not the URL of a server, as http://127.0.0.1:8001", url));
  };
  if (!url.starts_with(kScheme)) return wrong();
  std::string_view place = url.substr(kScheme.size());
  if (place.ends_with('/')) place.remove_suffix(1);
  if (place.empty() || place.find('/') != std::string_view::npos) return wrong();
  const bool has_port = place.rfind(':') != std::string_view::npos && !place.ends_with(']');
  auto server = ParseHostPort(has_port ? std::string(place) : std::string(place) + ":80");
  if (!server) return wrong();
  return server;
}

tl::expected<HttpAnswer, std::string> CallServer(const ServerAddress& server, const HttpCall& call,
                                                 std::chrono::seconds timeout) {
  Exchange exchange(server, call);
  return exchange.Run(server, timeout);
}

}  // namespace kck
