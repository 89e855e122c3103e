#include "apps/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

namespace kck {
namespace {

constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 30U;

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || stop != end || text.empty()) return std::nullopt;
  return port;
}

// libcurl calls it with each part of the body; another count than it gave ends the transfer.
std::size_t TakeBody(const char* data, std::size_t one, std::size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() + count > kAnswerBytesMax) return 0;
  text.append(data, count);
  return one * count;
}

// One call over libcurl.
class Exchange {
 public:
  Exchange(const ServerAddress& server, const Trust& trust, const HttpCall& call) : server_(server), trust_(trust) {
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    Set(CURLOPT_ERRORBUFFER, words_.data());
    Set(CURLOPT_WRITEFUNCTION, TakeBody);
    Set(CURLOPT_WRITEDATA, &body_);
    SetServer(call.target);
    SetTrust();
    SetRequest(call);
  }

  tl::expected<HttpAnswer, std::string> Run(std::chrono::seconds timeout) {
    Set(CURLOPT_TIMEOUT, static_cast<long>(timeout.count()));
    const CURLcode code = curl_easy_perform(handle_.get());
    if (code == CURLE_OPERATION_TIMEDOUT) {
      return tl::unexpected(fmt::format("no answer within {} s", timeout.count()));
    }
    if (code != CURLE_OK) return tl::unexpected(Words(code));
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    return HttpAnswer{static_cast<unsigned>(status), std::move(body_), Header("KCK-State"), Header("KCK-Age")};
  }

 private:
  template <typename Value>
  void Set(CURLoption option, Value value) {
    curl_easy_setopt(handle_.get(), option, value);
  }

  void SetServer(const std::string& target) {
    const std::string url = server_.socket.empty() ? server_.Url() : "http://kck";
    Set(CURLOPT_URL, (url + target).c_str());
    Set(CURLOPT_PATH_AS_IS, 1L);  // dots in a key are the key's
    if (!server_.socket.empty()) Set(CURLOPT_UNIX_SOCKET_PATH, server_.socket.c_str());
    Set(CURLOPT_PROXY, "");  // a server of one's own is not asked through the environment's proxy
  }

  void SetTrust() {
    if (!trust_.file.empty()) Set(CURLOPT_CAINFO, trust_.file.c_str());
    if (!trust_.by_name) Set(CURLOPT_SSL_VERIFYHOST, 0L);
  }

  void SetRequest(const HttpCall& call) {
    Set(CURLOPT_USERAGENT, "kck");
    Set(CURLOPT_CUSTOMREQUEST, call.method.c_str());
    if (!call.body.empty() || call.method == "POST" || call.method == "PUT") {
      Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
      Set(CURLOPT_COPYPOSTFIELDS, call.body.c_str());
    }
    // Without a value the header that libcurl would send is left out.
    AddHeader("Expect:");
    AddHeader(call.body.empty() ? "Content-Type:" : "Content-Type: application/json");
    if (!call.if_match.empty()) AddHeader("If-Match: \"" + call.if_match + "\"");
    if (!call.after.empty()) AddHeader("KCK-After: " + call.after);
    if (!call.token.empty()) AddHeader("Authorization: Bearer " + call.token);
    Set(CURLOPT_HTTPHEADER, headers_.get());
  }

  void AddHeader(const std::string& line) { headers_.reset(curl_slist_append(headers_.release(), line.c_str())); }

  std::string Header(const char* name) const {
    curl_header* header = nullptr;
    const bool found = curl_easy_header(handle_.get(), name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK;
    return found ? header->value : "";
  }

  // Why there is no answer.
  std::string Words(CURLcode code) const {
    if (code == CURLE_PEER_FAILED_VERIFICATION) return Distrust();
    if (code == CURLE_SSL_CACERT_BADFILE)
      return fmt::format("{} cannot be read, or holds no certificates in PEM form", trust_.file);
    if (code == CURLE_GOT_NOTHING) return "it closed the connection without an answer";
    if (code == CURLE_WRITE_ERROR) return "its answer is longer than 1 GiB";
    long reason = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_OS_ERRNO, &reason);
    if (code == CURLE_COULDNT_CONNECT && reason != 0) return std::strerror(static_cast<int>(reason));
    return words_[0] == '\0' ? curl_easy_strerror(code) : words_.data();
  }

  // The verdict on the chain tells whether it is that; else it is the name.
  std::string Distrust() const {
    long verdict = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_SSL_VERIFYRESULT, &verdict);
    constexpr long kNone = 1;  // no fault found in it
    if (verdict > kNone) {
      return fmt::format("its certificate is not trusted: {} (--ca FILE names its authority)", words_.data());
    }
    return fmt::format("its certificate is not for {} (--url https://NAME:PORT asks it by the name it is for)",
                       server_.host);
  }

  struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  const ServerAddress& server_;
  const Trust& trust_;
  std::array<char, CURL_ERROR_SIZE> words_{};
  std::string body_;
  std::unique_ptr<curl_slist, Free> headers_;
  std::unique_ptr<CURL, Free> handle_{curl_easy_init()};
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
  Exchange exchange(server, trust, call);
  return exchange.Run(timeout);
}

}  // namespace kck
