#include "http/exchange.h"

#include "http/cors.h"
#include "http/entry_text.h"
#include "http/line_syntax.h"
#include "http/request_log.h"

namespace kck {
namespace {

constexpr std::string_view kBearer = "bearer";

// RFC 6750: "Bearer", in any case, and the token; and the token alone, as KCK 0.6 had it.
std::string_view TokenOf(std::string_view authorization) {
  const std::size_t blank = authorization.find(' ');
  if (blank == std::string_view::npos || !SameToken(authorization.substr(0, blank), kBearer)) return authorization;
  const std::size_t begin = authorization.find_first_not_of(' ', blank);
  return begin == std::string_view::npos ? std::string_view() : authorization.substr(begin);
}

// RFC 6750, 3: what a client has to do.
std::string_view Challenge(ErrorCode code) {
  if (code == ErrorCode::kTokenMissing) return R"(Bearer realm="kck")";
  return R"(Bearer realm="kck", error="invalid_token")";
}

std::string_view CacheControl(bool after, bool personal) {
  if (after) return "no-store";
  return personal ? "private, no-cache" : "no-cache";
}

}  // namespace

TimePoint Exchange::Deadline() const { return Clock::now() + thread_.server.settings.fetch_timeout; }

Result<IdentityPtr> Exchange::Identify() {
  if (!request_.has_authorization) {
    return Fail(ErrorCode::kTokenMissing, "this takes a token: Authorization: Bearer <token>");
  }
  return thread_.tokens->Verify(TokenOf(request_.authorization), thread_.times.unix_seconds());
}

bool Exchange::TellsName(int status) const {
  return status >= 400 || !request_.request_id.empty() || !request_.traceparent.empty() || answered_error_ ||
         RequestLogIsOn();
}

std::string& Exchange::Begin(int status) {
  status_ = status;
  closes_ = closes_ || ClosesAfterAnswer();
  Persistence persistence = Persistence::kImplied;
  if (request_.version == 10) persistence = Persistence::kKeepAlive;
  if (closes_) persistence = Persistence::kClose;
  BeginHead(output_.text(), status, thread_.times.date(), persistence);
  if (TellsName(status)) AppendHeader(output_.text(), "X-Request-Id", trace()->request_id);
  const CorsSettings& cors = thread_.server.settings.cors;
  if (cors.on()) AppendCorsHeaders(output_.text(), cors, request_.origin);
  return output_.text();
}

void Exchange::AnswerEntry(const Served& served) {
  const Entry& entry = *served.entry;
  answered_ = Answered{served.from, served.freshness};
  thread_.metrics.CountServed(served, thread_.times.now());
  // What one client asked for after its own write is no other's answer.
  const std::string_view cache_control = CacheControl(request_.has_kck_after, personal_);
  const bool reads = request_.method == Method::kGet || request_.method == Method::kHead;
  if (reads && !request_.if_none_match.empty() && ListsVersion(request_.if_none_match, entry.content_version())) {
    std::string& out = Begin(304);
    AppendEntryHeaders(out, served, thread_.times, cache_control);
    if (personal_) AppendHeader(out, "Vary", "Authorization");
    out += "\r\n";
    return;
  }
  const EntryContent content = entry.content();
  std::string& around = thread_.scratch;
  around.clear();
  AppendBeforeValue(around, entry, compat_06());
  const std::size_t before_bytes = around.size();
  AppendBehindValue(around, content);
  std::string& out = Begin(200);
  AppendHeader(out, "Content-Type", kJsonType);
  AppendEntryHeaders(out, served, thread_.times, cache_control);
  if (personal_) AppendHeader(out, "Vary", "Authorization");
  EndHead(out, around.size() + content.value.size());
  if (request_.method == Method::kHead) return;
  out.append(around, 0, before_bytes);
  output_.Append(content.value, served.entry);
  out.append(around, before_bytes);
}

void Exchange::AnswerError(const Error& error, std::string_view key) {
  answered_error_ = error.code;
  std::string body;
  AppendErrorBody(body, error, key);
  const int status = compat_06() ? 200 : StatusOf(error.code);
  if (status == 401) return AnswerBody(status, kJsonType, "WWW-Authenticate", Challenge(error.code), body);
  const bool retry = error.code == ErrorCode::kOverloaded;
  AnswerBody(status, kJsonType, retry ? "Retry-After" : "", "1", body);
}

void Exchange::AnswerRefusal(int status, std::string_view message, std::string_view allow) {
  std::string body;
  AppendErrorBody(body, {ErrorCode::kBadRequest, std::string(message)}, {});
  AnswerBody(status, kJsonType, allow.empty() ? "" : "Allow", allow, body);
}

void Exchange::AnswerFault(int status, std::string_view message) {
  closes_ = true;
  if (status != 503) return AnswerRefusal(status, message, {});
  std::string body;
  AppendErrorBody(body, {ErrorCode::kOverloaded, std::string(message)}, {});
  AnswerBody(status, kJsonType, "Retry-After", "1", body);
}

void Exchange::AnswerJson(int status, std::string_view body, std::string_view etag) {
  AnswerBody(status, kJsonType, etag.empty() ? "" : "ETag", etag, body);
}

void Exchange::AnswerPreflight(std::string_view methods) {
  std::string& out = Begin(204);
  AppendPreflightHeaders(out, thread_.server.settings.cors, methods);
  out += "\r\n";
}

void Exchange::AnswerText(std::string_view content_type, std::string_view body) {
  AnswerBody(200, content_type, {}, {}, body);
}

void Exchange::AnswerBody(int status, std::string_view content_type, std::string_view extra_name,
                          std::string_view extra, std::string_view body) {
  std::string& out = Begin(status);
  AppendHeader(out, "Content-Type", content_type);
  AppendHeader(out, "Cache-Control", "no-store");
  if (!extra_name.empty()) AppendHeader(out, extra_name, extra);
  EndHead(out, body.size());
  if (request_.method != Method::kHead) out += body;
}

}  // namespace kck
