#include "http/request_parser.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace kck {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kBodyBytesKept = std::size_t{64} << 10U;

Method MethodOf(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::kGet;
    case http::verb::head:
      return Method::kHead;
    case http::verb::post:
      return Method::kPost;
    case http::verb::put:
      return Method::kPut;
    case http::verb::delete_:
      return Method::kDelete;
    default:
      return Method::kOther;
  }
}

void AppendListed(std::string& list, beast::string_view value) {
  if (!list.empty()) list += ", ";
  list.append(value.data(), value.size());
}

// True where the third word of the request line is a version of HTTP, if none that KCK speaks.
bool NamesOtherVersion(std::string_view request_line) {
  const auto target = request_line.find(' ') + 1;
  const auto version = request_line.find(' ', target);
  if (version == std::string_view::npos) return false;
  const std::string_view rest = request_line.substr(version + 1);
  const std::string_view word = rest.substr(0, rest.find_first_of(" \r\n"));
  if (word == "HTTP/1.1" || word == "HTTP/1.0") return false;
  return word.size() > 5 && word.starts_with("HTTP/") && word[5] >= '0' && word[5] <= '9';
}

}  // namespace

void Request::Clear() {
  method = Method::kOther;
  version = 11;
  keep_alive = true;
  has_if_match = false;
  has_kck_after = false;
  target.clear();
  if_match.clear();
  if_none_match.clear();
  kck_after.clear();
  content_type.clear();
  body.clear();
  if (body.capacity() > kBodyBytesKept) body.shrink_to_fit();
}

// Beast's parser, writing what KCK looks at into a Request. One object reads one request.
class RequestParser::Parser : public http::basic_parser<true> {
 public:
  Parser(Request& request, ProtocolFault& fault, std::size_t body_bytes_max) : request_(request), fault_(fault) {
    eager(true);
    header_limit(kHeaderBytesMax);
    body_limit(body_bytes_max);
  }

  bool TakeContinue() {
    return is_header_done() && !is_done() && request_.body.empty() && std::exchange(expects_continue_, false);
  }

 private:
  using Code = beast::error_code;

  void Fail(int status, std::string_view message, Code& error) {
    fault_.status = status;
    fault_.message = message;
    error = http::error::bad_value;
  }

  void on_request_impl(http::verb verb, beast::string_view, beast::string_view target, int version, Code&) override {
    request_.method = MethodOf(verb);
    request_.target.assign(target.data(), target.size());
    request_.version = version;
  }

  void on_field_impl(http::field field, beast::string_view name, beast::string_view value, Code& error) override {
    if (in_trailer_) return;
    switch (field) {
      case http::field::host:
        if (++hosts_ > 1) Fail(400, "the request has more than one Host header", error);
        return;
      case http::field::content_length:
        if (++lengths_ > 1 || value.find(',') != beast::string_view::npos) {
          Fail(400, "the request has more than one Content-Length", error);
        }
        return;
      case http::field::transfer_encoding:
        return CheckCoding(value, error);
      case http::field::expect:
        if (!beast::iequals(value, "100-continue")) return Fail(417, "Expect may only be 100-continue", error);
        expects_continue_ = request_.version == 11;
        return;
      case http::field::if_match:
        request_.has_if_match = true;
        return AppendListed(request_.if_match, value);
      case http::field::if_none_match:
        return AppendListed(request_.if_none_match, value);
      case http::field::content_type:
        request_.content_type.assign(value.data(), value.size());
        return;
      case http::field::unknown:
        if (!beast::iequals(name, "KCK-After")) return;
        request_.has_kck_after = true;
        return AppendListed(request_.kck_after, value);
      default:
        return;
    }
  }

  void CheckCoding(beast::string_view value, Code& error) {
    ++codings_;
    if (!beast::iequals(value, "chunked")) return Fail(501, "the only transfer coding taken here is chunked", error);
    if (request_.version == 10) Fail(400, "HTTP/1.0 has no Transfer-Encoding", error);
  }

  void on_header_impl(Code& error) override {
    in_trailer_ = true;
    if (lengths_ > 0 && codings_ > 0) {
      return Fail(400, "the request has both Content-Length and Transfer-Encoding", error);
    }
    if (request_.version == 11 && hosts_ == 0) return Fail(400, "an HTTP/1.1 request needs a Host header", error);
    request_.keep_alive = keep_alive();
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}

  std::size_t on_body_impl(beast::string_view body, Code&) override {
    request_.body.append(body.data(), body.size());
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t, beast::string_view, Code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, Code&) override {
    request_.body.append(body.data(), body.size());
    return body.size();
  }

  void on_response_impl(int, beast::string_view, int, Code&) override {}
  void on_finish_impl(Code&) override {}

  Request& request_;
  ProtocolFault& fault_;
  int hosts_ = 0;
  int lengths_ = 0;
  int codings_ = 0;
  bool in_trailer_ = false;
  bool expects_continue_ = false;
};

struct RequestParser::Slot {
  std::optional<Parser> parser;
};

RequestParser::RequestParser(Request& request, std::size_t body_bytes_max)
    : request_(request), body_bytes_max_(body_bytes_max), slot_(std::make_unique<Slot>()) {
  Reset();
}

RequestParser::~RequestParser() = default;

void RequestParser::Reset() {
  request_.Clear();
  fault_ = {};
  header_bytes_ = 0;
  slot_->parser.emplace(request_, fault_, body_bytes_max_);
}

bool RequestParser::begun() const { return slot_->parser->got_some(); }

bool RequestParser::TakeContinue() { return slot_->parser->TakeContinue(); }

RequestParser::Progress RequestParser::Put(std::string_view input) {
  Parser& parser = *slot_->parser;
  std::size_t skipped = 0;
  // RFC 9112, 2.2: a line break before the request line is to be ignored; some clients send one after a body.
  while (!parser.got_some() && input.starts_with("\r\n")) {
    input.remove_prefix(2);
    skipped += 2;
  }
  if (input.empty() || (!parser.got_some() && input == "\r")) return {skipped, State::kNeedsMore};
  beast::error_code error;
  const std::size_t taken = parser.put(boost::asio::const_buffer(input.data(), input.size()), error);
  const std::string_view rest = input.substr(taken);
  if (error && error != http::error::need_more) return RefuseSyntax(skipped + taken, rest, error.value());
  if (parser.is_done()) return {skipped + taken, State::kComplete};
  if (!parser.is_header_done()) header_bytes_ += taken;
  // What stays unconsumed is a part of a header, or of the line before a chunk.
  if (rest.size() + header_bytes_ > kHeaderBytesMax)
    return RefuseSyntax(skipped + taken, rest, static_cast<int>(http::error::header_limit));
  return {skipped + taken, State::kNeedsMore};
}

RequestParser::Progress RequestParser::RefuseSyntax(std::size_t consumed, std::string_view rest, int error) {
  if (!fault_.message.empty()) return {consumed, State::kFault};
  switch (static_cast<http::error>(error)) {
    case http::error::header_limit:
      return Refuse(consumed, 431, fmt::format("the headers are over {} bytes", kHeaderBytesMax));
    case http::error::body_limit:
      return Refuse(consumed, 413, fmt::format("the body is over {} bytes (http.body_bytes_max)", body_bytes_max_));
    case http::error::bad_version:
      if (NamesOtherVersion(rest)) return Refuse(consumed, 505, "this server speaks HTTP/1.1 and HTTP/1.0");
      return Refuse(consumed, 400, "the request line does not end with an HTTP version");
    case http::error::bad_content_length:
    case http::error::multiple_content_length:
    case http::error::bad_transfer_encoding:
      return Refuse(consumed, 400, "Content-Length or Transfer-Encoding is malformed, repeated, or beside the other");
    default:
      return Refuse(consumed, 400, "the request does not parse as HTTP/1.1");
  }
}

RequestParser::Progress RequestParser::Refuse(std::size_t consumed, int status, std::string message) {
  fault_ = {status, std::move(message)};
  return {consumed, State::kFault};
}

}  // namespace kck
