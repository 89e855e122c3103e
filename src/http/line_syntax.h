// The lines of HTTP/1.1 (RFC 9110, 9112), each without its line end: cutting them into parts, and refusing what the
// grammar has not. Nothing here is lenient, since what two readers of one line read differently is what smuggles
// requests.
//
// Pure functions; the parts are views of the line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kck {

struct RequestLine {
  std::string_view method;
  std::string_view target;   // no blank and no control character in it; bytes above 0x7F are let through
  std::string_view version;  // whatever stands in its place
};

std::optional<RequestLine> CutRequestLine(std::string_view line);

enum class HttpVersion : std::uint8_t { k10, k11, kOther, kNone };
HttpVersion VersionOf(std::string_view word);

struct Field {
  std::string_view name;
  std::string_view value;  // without the blanks around it
};

// Nothing where the name is no token, is followed by a blank, or the value has a control character other than a tab. A
// continuation of the line before (obs-fold) has no name.
std::optional<Field> CutField(std::string_view line);

bool IsTokenChar(char c);

// True where `text` is `lower` (of letters and hyphens) in any case. `text` is of token characters.
bool SameToken(std::string_view text, std::string_view lower);

// True where a Host header may have this value: a name or address and a port, or nothing.
bool IsHost(std::string_view value);

// Digits alone. Nothing beyond 19 of them.
std::optional<std::uint64_t> ParseLength(std::string_view digits);

// The size of the line before a chunk. Nothing beyond 16 digits, and where the extensions do not parse.
std::optional<std::uint64_t> ParseChunkLine(std::string_view line);

// Takes the first item of a comma-separated list off `list`, without the blanks around it.
std::string_view TakeListed(std::string_view& list);

}  // namespace kck
