#include "http/request_parser.h"

#include <fmt/format.h>

#include <utility>

#include "http/line_syntax.h"

namespace kck {
namespace {

constexpr std::size_t kBodyBytesKept = std::size_t{4} << 10U;
constexpr std::size_t kLineEndBytes = 2;

Method MethodOf(std::string_view method) {
  if (method == "GET") return Method::kGet;
  if (method == "HEAD") return Method::kHead;
  if (method == "POST") return Method::kPost;
  if (method == "PUT") return Method::kPut;
  if (method == "DELETE") return Method::kDelete;
  if (method == "OPTIONS") return Method::kOptions;
  return Method::kOther;
}

void AppendListed(std::string& list, std::string_view value) {
  if (!list.empty()) list += ", ";
  list += value;
}

}  // namespace

void Request::Clear() {
  method = Method::kOther;
  version = 11;
  keep_alive = true;
  has_if_match = false;
  has_kck_after = false;
  has_authorization = false;
  asks_for_method = false;
  target.clear();
  if_match.clear();
  if_none_match.clear();
  kck_after.clear();
  kck_lease.clear();
  authorization.clear();
  content_type.clear();
  origin.clear();
  fetch_site.clear();
  accept_encoding.clear();
  forwarded_for.clear();
  request_id.clear();
  traceparent.clear();
  body.clear();
  if (body.capacity() > kBodyBytesKept) body.shrink_to_fit();
}

RequestParser::RequestParser(Request& request, std::size_t body_bytes_max, ByteBudget& budget)
    : request_(request), body_bytes_max_(body_bytes_max), budget_(budget) {}

RequestParser::~RequestParser() { Reset(); }

void RequestParser::Reset() {
  request_.Clear();
  stage_ = Stage::kRequestLine;
  faulty_ = false;
  head_ = {};
  header_bytes_ = 0;
  scanned_ = 0;
  if (budgeted_ > 0) budget_.Give(std::exchange(budgeted_, 0));
}

bool RequestParser::TakeContinue() {
  const bool waits = stage_ == Stage::kBody || stage_ == Stage::kChunkLine;
  return waits && request_.body.empty() && std::exchange(head_.expects_continue, false);
}

RequestParser::Progress RequestParser::Put(std::string_view input) {
  rest_ = input;
  while (stage_ != Stage::kDone && Step()) {
  }
  const std::size_t consumed = input.size() - rest_.size();
  if (faulty_) return {consumed, State::kFault};
  return {consumed, stage_ == Stage::kDone ? State::kComplete : State::kNeedsMore};
}

bool RequestParser::Step() {
  switch (stage_) {
    case Stage::kRequestLine:
      return TakeRequestLine();
    case Stage::kFields:
    case Stage::kTrailers:
      return TakeField();
    case Stage::kBody:
      return TakeBody(Stage::kDone);
    case Stage::kChunkLine:
      return TakeChunkLine();
    case Stage::kChunkData:
      return TakeBody(Stage::kChunkEnd);
    case Stage::kChunkEnd:
      return TakeChunkEnd();
    case Stage::kDone:
      return false;
  }
  return false;
}

// Takes a line with its CR LF, neither of which is part of `line`. One that is too long is refused whether or not its
// end is there, so that the outcome does not depend on how it was cut.
bool RequestParser::TakeLine(std::string_view& line, std::size_t bytes_max) {
  const std::size_t end = rest_.find('\n', scanned_);
  const std::size_t bytes = end == std::string_view::npos ? rest_.size() : end + 1;
  if (bytes > bytes_max) return RefuseLine();
  if (end == std::string_view::npos) {
    scanned_ = bytes;
    return false;
  }
  scanned_ = 0;
  line = rest_.substr(0, end);
  rest_.remove_prefix(bytes);
  if (!line.ends_with('\r')) return Refuse(400, "a line does not end with CR LF");
  line.remove_suffix(1);
  return true;
}

bool RequestParser::TakeHeaderLine(std::string_view& line) {
  if (!TakeLine(line, kHeaderBytesMax - header_bytes_)) return false;
  header_bytes_ += line.size() + kLineEndBytes;
  return true;
}

bool RequestParser::TakeRequestLine() {
  // Nothing that begins otherwise becomes a request: what speaks TLS, say, is told so at once.
  if (!rest_.empty() && rest_[0] != '\r' && !IsTokenChar(rest_[0])) return RefuseSyntax();
  std::string_view line;
  if (!TakeHeaderLine(line)) return false;
  if (line.empty()) {
    // RFC 9112, 2.2: a line break before the request line is to be ignored; some clients send one after a body.
    header_bytes_ = 0;
    return true;
  }
  const std::optional<RequestLine> cut = CutRequestLine(line);
  if (!cut) return RefuseSyntax();
  const HttpVersion version = VersionOf(cut->version);
  if (version == HttpVersion::kOther) return Refuse(505, "this server speaks HTTP/1.1 and HTTP/1.0");
  if (version == HttpVersion::kNone) return Refuse(400, "the request line does not end with an HTTP version");
  request_.method = MethodOf(cut->method);
  request_.target = cut->target;
  request_.version = version == HttpVersion::k10 ? 10 : 11;
  stage_ = Stage::kFields;
  return true;
}

bool RequestParser::TakeField() {
  std::string_view line;
  if (!TakeHeaderLine(line)) return false;
  const bool trailer = stage_ == Stage::kTrailers;
  if (line.empty()) return trailer ? Finish() : EndHead();
  const std::optional<Field> field = CutField(line);
  if (!field) return RefuseSyntax();
  if (++head_.fields > kFieldsMax) return Refuse(431, fmt::format("there are more than {} headers", kFieldsMax));
  return trailer ? PassTrailer(field->name) : ReadField(field->name, field->value);
}

// By length first: most headers are none of these, and cost one comparison.
bool RequestParser::ReadField(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 4:
      return !SameToken(name, "host") || ReadHost(value);
    case 6:
      if (SameToken(name, "origin")) request_.origin = value;
      if (!SameToken(name, "expect")) return true;
      if (!SameToken(value, "100-continue")) return Refuse(417, "Expect may only be 100-continue");
      head_.expects_continue = request_.version == 11;
      return true;
    case 8:
      if (!SameToken(name, "if-match")) return true;
      request_.has_if_match = true;
      AppendListed(request_.if_match, value);
      return true;
    case 9:
      if (SameToken(name, "kck-lease")) AppendListed(request_.kck_lease, value);
      if (!SameToken(name, "kck-after")) return true;
      request_.has_kck_after = true;
      AppendListed(request_.kck_after, value);
      return true;
    case 10:
      return !SameToken(name, "connection") || ReadConnection(value);
    case 11:
      if (SameToken(name, "traceparent")) request_.traceparent = value;
      return true;
    case 12:
      if (SameToken(name, "content-type")) request_.content_type = value;
      if (SameToken(name, "x-request-id")) request_.request_id = value;
      return true;
    case 13:
      if (SameToken(name, "if-none-match")) AppendListed(request_.if_none_match, value);
      return !SameToken(name, "authorization") || ReadAuthorization(value);
    case 14:
      if (SameToken(name, "sec-fetch-site")) request_.fetch_site = value;
      return !SameToken(name, "content-length") || ReadLength(value);
    case 15:
      if (SameToken(name, "accept-encoding")) AppendListed(request_.accept_encoding, value);
      if (SameToken(name, "x-forwarded-for")) AppendListed(request_.forwarded_for, value);
      return true;
    case 17:
      return !SameToken(name, "transfer-encoding") || ReadCoding(value);
    case 29:
      if (SameToken(name, "access-control-request-method")) request_.asks_for_method = true;
      return true;
    default:
      return true;
  }
}

bool RequestParser::ReadHost(std::string_view value) {
  if (++head_.hosts > 1) return Refuse(400, "the request has more than one Host header");
  return IsHost(value) || Refuse(400, "the Host header is not a name or an address");
}

// Of two, one could be meant for KCK and the other be what somebody in between has checked.
bool RequestParser::ReadAuthorization(std::string_view value) {
  if (std::exchange(request_.has_authorization, true)) {
    return Refuse(400, "the request has more than one Authorization header");
  }
  request_.authorization = value;
  return true;
}

bool RequestParser::ReadConnection(std::string_view value) {
  while (!value.empty()) {
    const std::string_view option = TakeListed(value);
    if (!option.empty() && !IsToken(option)) return Refuse(400, "Connection is not a list of words");
    head_.close = head_.close || SameToken(option, "close");
    head_.keep_alive = head_.keep_alive || SameToken(option, "keep-alive");
  }
  return true;
}

bool RequestParser::ReadLength(std::string_view value) {
  if (head_.length || value.find(',') != std::string_view::npos) {
    return Refuse(400, "the request has more than one Content-Length");
  }
  head_.length = ParseLength(value);
  return head_.length || Refuse(400, "Content-Length is not a number");
}

bool RequestParser::ReadCoding(std::string_view value) {
  if (!SameToken(value, "chunked")) return Refuse(501, "the only transfer coding taken here is chunked");
  if (request_.version == 10) return Refuse(400, "HTTP/1.0 has no Transfer-Encoding");
  return ++head_.codings == 1 || Refuse(400, "the request has more than one Transfer-Encoding");
}

bool RequestParser::EndHead() {
  if (head_.length && head_.codings > 0) {
    return Refuse(400, "the request has both Content-Length and Transfer-Encoding");
  }
  if (request_.version == 11 && head_.hosts == 0) return Refuse(400, "an HTTP/1.1 request needs a Host header");
  request_.keep_alive = !head_.close && (request_.version == 11 || head_.keep_alive);
  if (head_.codings > 0) {
    stage_ = Stage::kChunkLine;
    return true;
  }
  return head_.length.value_or(0) == 0 ? Finish() : BeginBody(*head_.length, Stage::kBody);
}

bool RequestParser::Finish() {
  stage_ = Stage::kDone;
  return true;
}

bool RequestParser::BeginBody(std::uint64_t bytes, Stage stage) {
  if (bytes > body_bytes_max_ - request_.body.size()) {
    return Refuse(413, fmt::format("the body is over {} bytes (http.body_bytes_max)", body_bytes_max_));
  }
  body_left_ = bytes;
  stage_ = stage;
  return true;
}

bool RequestParser::TakeBody(Stage next) {
  const std::string_view part = rest_.substr(0, body_left_);
  if (part.empty()) return false;
  if (!budget_.Take(part.size())) return Refuse(503, "the bodies of all requests together take too much memory");
  budgeted_ += part.size();
  request_.body += part;
  rest_.remove_prefix(part.size());
  body_left_ -= part.size();
  if (body_left_ == 0) stage_ = next;
  return true;
}

bool RequestParser::TakeChunkLine() {
  std::string_view line;
  if (!TakeLine(line, kChunkLineBytesMax)) return false;
  const std::optional<std::uint64_t> size = ParseChunkLine(line);
  if (!size) return Refuse(400, "the line before a chunk does not parse");
  if (*size > 0) return BeginBody(*size, Stage::kChunkData);
  stage_ = Stage::kTrailers;
  return true;
}

bool RequestParser::TakeChunkEnd() {
  constexpr std::string_view kEnd = "\r\n";
  const std::string_view end = rest_.substr(0, kEnd.size());
  if (!kEnd.starts_with(end)) return Refuse(400, "a chunk is longer than the line before it says");
  if (end.size() < kEnd.size()) return false;
  rest_.remove_prefix(kEnd.size());
  stage_ = Stage::kChunkLine;
  return true;
}

// Trailers are read for their syntax and ignored: what changes a request's meaning has to stand before its body.
bool RequestParser::PassTrailer(std::string_view name) {
  const bool frames = SameToken(name, "content-length") || SameToken(name, "transfer-encoding");
  return !frames || Refuse(400, "Content-Length or Transfer-Encoding stands behind the body");
}

bool RequestParser::Refuse(int status, std::string message) {
  fault_ = {status, std::move(message)};
  faulty_ = true;
  return false;
}

bool RequestParser::RefuseSyntax() { return Refuse(400, "the request does not parse as HTTP/1.1"); }

bool RequestParser::RefuseLine() {
  if (stage_ == Stage::kChunkLine) return Refuse(400, "the line before a chunk is too long");
  return Refuse(431, fmt::format("the headers are over {} bytes", kHeaderBytesMax));
}

}  // namespace kck
