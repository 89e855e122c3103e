#include "http/response.h"

#include <fmt/format.h>

#include "base/json.h"

namespace kck {
namespace {

std::string_view StatusLine(int status) {
  switch (status) {
    case 200:
      return "HTTP/1.1 200 OK\r\n";
    case 202:
      return "HTTP/1.1 202 Accepted\r\n";
    case 204:
      return "HTTP/1.1 204 No Content\r\n";
    case 304:
      return "HTTP/1.1 304 Not Modified\r\n";
    case 400:
      return "HTTP/1.1 400 Bad Request\r\n";
    case 401:
      return "HTTP/1.1 401 Unauthorized\r\n";
    case 403:
      return "HTTP/1.1 403 Forbidden\r\n";
    case 404:
      return "HTTP/1.1 404 Not Found\r\n";
    case 405:
      return "HTTP/1.1 405 Method Not Allowed\r\n";
    case 408:
      return "HTTP/1.1 408 Request Timeout\r\n";
    case 409:
      return "HTTP/1.1 409 Conflict\r\n";
    case 412:
      return "HTTP/1.1 412 Precondition Failed\r\n";
    case 413:
      return "HTTP/1.1 413 Content Too Large\r\n";
    case 417:
      return "HTTP/1.1 417 Expectation Failed\r\n";
    case 429:
      return "HTTP/1.1 429 Too Many Requests\r\n";
    case 431:
      return "HTTP/1.1 431 Request Header Fields Too Large\r\n";
    case 501:
      return "HTTP/1.1 501 Not Implemented\r\n";
    case 502:
      return "HTTP/1.1 502 Bad Gateway\r\n";
    case 503:
      return "HTTP/1.1 503 Service Unavailable\r\n";
    case 504:
      return "HTTP/1.1 504 Gateway Timeout\r\n";
    case 505:
      return "HTTP/1.1 505 HTTP Version Not Supported\r\n";
    default:
      return "HTTP/1.1 500 Internal Server Error\r\n";
  }
}

}  // namespace

void BeginHead(std::string& out, int status, std::string_view date, Persistence persistence) {
  out += StatusLine(status);
  AppendHeader(out, "Date", date);
  if (persistence == Persistence::kClose) out += "Connection: close\r\n";
  if (persistence == Persistence::kKeepAlive) out += "Connection: keep-alive\r\n";
}

void AppendHeader(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void AppendNumber(std::string& out, std::uint64_t number) {
  if (number < 10) {  // as most ages and sub-counters
    out += static_cast<char>('0' + number);
    return;
  }
  const fmt::format_int text(number);  // a quarter fewer instructions than std::to_chars takes
  out.append(text.data(), text.size());
}

void EndHead(std::string& out, std::size_t body_bytes) {
  out += "Content-Length: ";
  AppendNumber(out, body_bytes);
  out += "\r\n\r\n";
}

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnknownKey:
    case ErrorCode::kKeyNotSet:
      return 404;
    case ErrorCode::kBadKey:
    case ErrorCode::kBadRequest:
      return 400;
    case ErrorCode::kTokenMissing:
    case ErrorCode::kTokenInvalid:
    case ErrorCode::kTokenExpired:
    case ErrorCode::kLoginRefused:
      return 401;
    case ErrorCode::kForbidden:
      return 403;
    case ErrorCode::kTooMany:
      return 429;
    case ErrorCode::kTokenLost:
      return 409;
    case ErrorCode::kVersionMismatch:
      return 412;
    case ErrorCode::kSourceError:
    case ErrorCode::kPrimerFailed:
      return 502;
    case ErrorCode::kSourceTimeout:
      return 504;
    case ErrorCode::kOverloaded:
    case ErrorCode::kStoreError:
      return 503;
  }
  return 500;
}

void AppendErrorBody(std::string& out, const Error& error, std::string_view key) {
  out += R"({"success":false,"error":{"name":)";
  AppendJsonString(out, ErrorName(error.code));
  out += R"(,"args":[)";
  if (!key.empty()) AppendJsonString(out, key);
  out += R"(],"message":)";
  AppendJsonString(out, error.message);
  out += "}}";
}

}  // namespace kck
