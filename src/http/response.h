// Writing the head of an answer: status line and headers, straight into the output's text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace kck {

// What happens to the connection after the answer, as the answer says it.
enum class Persistence : std::uint8_t {
  kImplied,    // stays open, and the client expects so
  kKeepAlive,  // stays open, and is told so: HTTP/1.0
  kClose,
};

inline constexpr std::string_view kJsonType = "application/json";

// The status line, Date and Connection. Headers and EndHead follow.
void BeginHead(std::string& out, int status, std::string_view date, Persistence persistence);

void AppendHeader(std::string& out, std::string_view name, std::string_view value);

void AppendNumber(std::string& out, std::uint64_t number);

// Content-Length and the blank line.
void EndHead(std::string& out, std::size_t body_bytes);

// The status of an answer that is this error (docs/reference/errors.md).
int StatusOf(ErrorCode code);

// {"success":false,"error":{"name":…,"args":[key],"message":…}}. No argument where `key` is empty.
void AppendErrorBody(std::string& out, const Error& error, std::string_view key);

}  // namespace kck
