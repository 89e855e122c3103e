// How answers are compressed: `http.compression` of kck.yml.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kck {

// Those of HTTP's content codings that KCK makes, and what is sent as it is.
enum class ContentCoding : std::uint8_t { kBrotli, kZstd, kGzip, kIdentity };

inline constexpr std::size_t kCompressions = 3;  // all but identity

// As HTTP and kck.yml spell it: "br", "zstd", "gzip", "identity".
constexpr std::string_view CodingName(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kBrotli:
      return "br";
    case ContentCoding::kZstd:
      return "zstd";
    case ContentCoding::kGzip:
      return "gzip";
    case ContentCoding::kIdentity:
      break;
  }
  return "identity";
}

struct CompressionSettings {
  // None twice. The first one that a client likes best is sent.
  std::vector<ContentCoding> codings{ContentCoding::kBrotli, ContentCoding::kZstd, ContentCoding::kGzip};
  std::size_t bytes_min = std::size_t{1} << 10U;      // smaller values are sent as they are
  std::size_t memory_bytes = std::size_t{64} << 20U;  // of compressed forms held in memory
};

}  // namespace kck
