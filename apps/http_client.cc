#include "apps/http_client.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
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

// One call, as a chain of handlers on one context: connect, shake hands, write, read.
class Exchange {
 public:
  Exchange(const ServerAddress& server, const HttpCall& call) : server_(server) {
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

  tl::expected<HttpAnswer, std::string> Run(const Trust& trust, std::chrono::seconds timeout) {
    beast::error_code error;
    if (server_.tls && !Believe(trust, error)) {
      return tl::unexpected(fmt::format("{} cannot be used: {}", trust.file, error.message()));
    }
    socket().expires_after(timeout);
    if (Failed(server_.socket.empty() ? Connect() : ConnectLocal())) return tl::unexpected(error_.message());
    io_.run();
    if (error_ == beast::error::timeout) {
      return tl::unexpected(fmt::format("no answer within {} s", timeout.count()));
    }
    if (error_) return tl::unexpected(distrust_.empty() ? error_.message() : distrust_);
    return Answer();
  }

 private:
  using Protocol = asio::generic::stream_protocol;
  using Socket = beast::basic_stream<Protocol>;

  beast::error_code Connect() {
    beast::error_code error;
    asio::ip::tcp::resolver resolver(io_);
    const auto found = resolver.resolve(server_.host, std::to_string(server_.port), error);
    if (error) return error;
    for (const auto& entry : found) endpoints_.emplace_back(entry.endpoint());
    socket().async_connect(endpoints_, [this](const beast::error_code& failed, const Protocol::endpoint&) {
      if (!Failed(failed)) Begin();
    });
    return {};
  }

  beast::error_code ConnectLocal() {
    const asio::local::stream_protocol::endpoint place(server_.socket);
    socket().async_connect(place, [this](const beast::error_code& failed) {
      if (!Failed(failed)) Begin();
    });
    return {};
  }

  void Begin() {
    if (server_.tls) {
      ShakeHands();
    } else {
      Write(socket());
    }
  }

  bool Failed(const beast::error_code& error) {
    error_ = error;
    return error_.failed();
  }

  Socket& socket() { return stream_.next_layer(); }

  // False: the file of `trust` cannot be used.
  bool Believe(const Trust& trust, beast::error_code& error) {
    stream_.set_verify_mode(asio::ssl::verify_peer);
    stream_.set_verify_callback(
        [this, trust](bool trusted, asio::ssl::verify_context& at) { return Judge(trust, trusted, at); });
    SSL* stream = stream_.native_handle();
    if (!trust.by_name) X509_VERIFY_PARAM_set_flags(SSL_get0_param(stream), X509_V_FLAG_PARTIAL_CHAIN);
    beast::error_code no_address;
    asio::ip::make_address(server_.host, no_address);
    if (no_address) {  // the library's macro for it casts as C does
      SSL_ctrl(stream, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(server_.host.c_str()));
    }
    // Both return their error as well.
    if (trust.file.empty()) {
      static_cast<void>(context_.set_default_verify_paths(error));
    } else {
      static_cast<void>(context_.load_verify_file(trust.file, error));
    }
    return !error;
  }

  // Of each certificate of the chain, the server's own last.
  bool Judge(const Trust& trust, bool trusted, asio::ssl::verify_context& at) {
    if (!trusted) {
      const int reason = X509_STORE_CTX_get_error(at.native_handle());
      distrust_ = fmt::format("its certificate is not trusted: {} (--ca FILE names its authority)",
                              X509_verify_cert_error_string(reason));
    } else if (trust.by_name && !asio::ssl::host_name_verification(server_.host)(true, at)) {
      distrust_ = fmt::format("its certificate is not for {} (--url https://NAME:PORT asks it by the name it is for)",
                              server_.host);
    }
    return distrust_.empty();
  }

  void ShakeHands() {
    stream_.async_handshake(asio::ssl::stream_base::client, [this](const beast::error_code& failed) {
      if (!Failed(failed)) Write(stream_);
    });
  }

  template <typename Stream>
  void Write(Stream& stream) {
    http::async_write(stream, request_, [this, &stream](const beast::error_code& failed, std::size_t) {
      if (!Failed(failed)) Read(stream);
    });
  }

  template <typename Stream>
  void Read(Stream& stream) {
    http::async_read(stream, buffer_, parser_, [this](const beast::error_code& failed, std::size_t) {
      if (Failed(failed)) return;
      socket().close();
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

  const ServerAddress& server_;
  std::string distrust_;  // why the server's certificate is refused
  asio::io_context io_{1};
  asio::ssl::context context_{asio::ssl::context::tls_client};
  std::vector<Protocol::endpoint> endpoints_;
  beast::ssl_stream<Socket> stream_{io_, context_};  // without TLS, the socket in it alone
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  beast::error_code error_;
};

}  // namespace

std::string ServerAddress::Url() const {
  if (!socket.empty()) return "unix:" + socket;
  const bool bracket = host.find(':') != std::string::npos;
  return fmt::format("http{}://{}{}{}:{}", tls ? "s" : "", bracket ? "[" : "", host, bracket ? "]" : "", port);
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
  return ServerAddress{std::string(host), *port};
}

tl::expected<ServerAddress, std::string> ParseServerUrl(std::string_view url) {
  const bool tls = url.starts_with("https://");
  const std::string_view scheme = tls ? "https://" : "http://";
  const auto wrong = [&] {
    return tl::unexpected(fmt::format("'{}' is not the URL of a server, as http://127.0.0.1:8001", url));
  };
  if (!url.starts_with(scheme)) return wrong();
  std::string_view place = url.substr(scheme.size());
  if (place.ends_with('/')) place.remove_suffix(1);
  if (place.empty() || place.find('/') != std::string_view::npos) return wrong();
  const bool has_port = place.rfind(':') != std::string_view::npos && !place.ends_with(']');
  auto server = ParseHostPort(has_port ? std::string(place) : std::string(place) + (tls ? ":443" : ":80"));
  if (!server) return wrong();
  server->tls = tls;
  return server;
}

tl::expected<HttpAnswer, std::string> CallServer(const ServerAddress& server, const Trust& trust, const HttpCall& call,
                                                 std::chrono::seconds timeout) {
  Exchange exchange(server, call);
  return exchange.Run(trust, timeout);
}

}  // namespace kck
