#include "http/exchange.h"

#include "http/cache_headers.h"
#include "http/compressed_forms.h"
#include "http/cors.h"
#include "http/entry_text.h"
#include "http/line_syntax.h"
#include "http/request_log.h"
#include "model/cache_policy.h"

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

// True where an If-None-Match of this value asks for 304.
bool ListsTag(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    std::string_view tag = TakeListed(if_none_match);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == etag) return true;
  }
  return false;
}

}  // namespace

TimePoint Exchange::Deadline() const { return Clock::now() + thread_.server.settings.fetch_timeout; }

std::string Exchange::ClientAddress() { return server().proxies.ClientOf(Peer(), request_.forwarded_for); }

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
  answered_ = Answered{served.from, served.freshness};
  thread_.metrics.CountServed(served, thread_.times.now());
  const Entry& entry = *served.entry;
  const EntryContent content = entry.content();
  const bool compresses = Compresses(served, content.value.size());
  if (!request_.if_none_match.empty()) {
    if (const auto listed = ListedCoding(served)) {
      BeginEntry(304, served, compresses, *listed) += "\r\n";
      return;
    }
  }
  if (compresses && !request_.accept_encoding.empty() && AnswerCompressed(served)) return;
  std::string& around = thread_.scratch;
  around.clear();
  AppendBeforeValue(around, entry, compat_06());
  const std::size_t before_bytes = around.size();
  AppendBehindValue(around, content);
  std::string& out = BeginEntry(200, served, compresses, ContentCoding::kIdentity);
  EndHead(out, around.size() + content.value.size());
  if (request_.method == Method::kHead) return;
  out.append(around, 0, before_bytes);
  output_.Append(content.value, served.entry);
  out.append(around, before_bytes);
}

// Whether clients that take that get it compressed.
bool Exchange::Compresses(const Served& served, std::size_t value_bytes) const {
  const CompressedForms* forms = thread_.server.node.forms;
  if (forms == nullptr || !forms->Compresses(value_bytes)) return false;
  return !served.cache_policy || served.cache_policy->compresses;
}

// The coding of what the request has already, which need not be sent again. A client that says nothing of codings, and
// has one, takes it.
std::optional<ContentCoding> Exchange::ListedCoding(const Served& served) {
  const bool reads = request_.method == Method::kGet || request_.method == Method::kHead;
  if (!reads) return std::nullopt;
  const auto takes = [this](ContentCoding coding) {
    return request_.accept_encoding.empty() || ParseAcceptEncoding(request_.accept_encoding, {coding}).Has(coding);
  };
  return kck::ListedCoding(request_.if_none_match, served.entry->content_version(), takes);
}

// False where there is no form that the client takes, so that it gets the body as it is.
bool Exchange::AnswerCompressed(const Served& served) {
  CompressedForms& forms = *thread_.server.node.forms;
  const CodingList& wanted = thread_.accepted.Of(request_.accept_encoding, forms.codings());
  if (wanted.empty()) return false;
  CompressedForms::Form form = forms.Find(served.entry, wanted, thread_.times.now());
  if (!form.owner) return false;
  std::string& out = BeginEntry(200, served, true, form.coding);
  AppendHeader(out, "Content-Encoding", CodingName(form.coding));
  EndHead(out, form.bytes.size());
  if (request_.method == Method::kHead) return true;
  const std::size_t plain_bytes = served.entry->value().size();
  thread_.metrics.CountCompressed(form.coding, plain_bytes - std::min(plain_bytes, form.bytes.size()));
  output_.Append(form.bytes, std::move(form.owner));
  return true;
}

// All of the head that does not depend on the body's bytes.
std::string& Exchange::BeginEntry(int status, const Served& served, bool compresses, ContentCoding coding) {
  std::string& out = Begin(status);
  if (status == 200) AppendHeader(out, "Content-Type", kJsonType);
  const CacheFacts facts{request_.has_kck_after, personal_, compresses, thread_.server.settings.surrogate_keys};
  AppendCacheHeaders(out, served, facts, thread_.times.now());
  AppendEntryHeaders(out, served, thread_.times, coding);
  return out;
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

void Exchange::AnswerTooMany(Duration wait, std::string_view message, std::string_view key) {
  answered_error_ = ErrorCode::kTooMany;
  std::string body;
  AppendErrorBody(body, {ErrorCode::kTooMany, std::string(message)}, key);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  AnswerBody(compat_06() ? 200 : 429, kJsonType, "Retry-After", std::to_string(std::max<std::int64_t>(1, seconds)),
             body);
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

void Exchange::AnswerTagged(std::string_view body, std::string_view etag) {
  const bool has_it = ListsTag(request_.if_none_match, etag);
  std::string& out = Begin(has_it ? 304 : 200);
  if (!has_it) AppendHeader(out, "Content-Type", kJsonType);
  AppendHeader(out, "Cache-Control", personal_ ? "private, no-cache" : "no-cache");
  AppendHeader(out, "ETag", etag);
  if (personal_) AppendHeader(out, "Vary", "Authorization");
  if (has_it) {
    out += "\r\n";
    return;
  }
  EndHead(out, body.size());
  if (request_.method != Method::kHead) out += body;
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
