#include "http/request_trace.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hex.h"
#include "base/secret.h"

namespace kck {
namespace {

constexpr std::size_t kRequestIdBytesMax = 128;
constexpr std::size_t kTraceparentBytes = 55;  // 00-<32>-<16>-<2>

bool IsHex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

std::optional<TraceParent> ParseTraceparent(std::string_view header) {
  if (header.size() < kTraceparentBytes || header[2] != '-' || header[35] != '-' || header[52] != '-') return {};
  const std::string_view version = header.substr(0, 2);
  const std::string_view trace = header.substr(3, 32);
  const std::string_view parent = header.substr(36, 16);
  const std::string_view flags = header.substr(53, 2);
  if (!IsHex(version) || !IsHex(trace) || !IsHex(parent) || !IsHex(flags)) return {};
  if (version == "ff" || IsZero(trace) || IsZero(parent)) return {};
  // A later version may say more behind a dash, and this one may not.
  if (header.size() > kTraceparentBytes && (version == "00" || header[kTraceparentBytes] != '-')) return {};
  return TraceParent{trace, (HexDigit(flags[1]) & 1) != 0};
}

bool IsRequestId(std::string_view text) {
  constexpr std::string_view kSigns = "-_.:/+=@";
  return !text.empty() && text.size() <= kRequestIdBytesMax && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kSigns.find(c) != std::string_view::npos;
  });
}

RequestNames::RequestNames() : random_(RandomNumber()) {}

// SplitMix64's step: each count gives another number, and they look random.
std::uint64_t RequestNames::Next() {
  std::uint64_t mixed = random_ + ++count_ * 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  return std::max<std::uint64_t>(mixed ^ (mixed >> 31U), 1);
}

TracePtr RequestNames::NameFor(const Request& request) {
  Trace trace;
  if (const auto parent = ParseTraceparent(request.traceparent)) {
    trace.trace_id = parent->trace_id;
    trace.span_id = fmt::format("{:016x}", Next());
    trace.sampled = parent->sampled;
  }
  if (IsRequestId(request.request_id)) {
    trace.request_id = request.request_id;
  } else {
    trace.request_id = trace.trace_id.empty() ? fmt::format("{:016x}", Next()) : trace.trace_id;
  }
  return std::make_shared<const Trace>(std::move(trace));
}

}  // namespace kck
