#include "http/compressor.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <limits>

namespace kck {
namespace {

// Each is where more effort stops to pay (ARCHITECTURE.md, Decisions).
constexpr int kBrotliQuality = 5;
constexpr int kZstdLevel = 6;
constexpr int kGzipLevel = 6;

// How many bytes at `to`, of `bytes_max`; 0: they do not suffice.
std::size_t Brotli(std::string_view body, char* to, std::size_t bytes_max) {
  std::size_t bytes = bytes_max;
  const auto* from = reinterpret_cast<const std::uint8_t*>(body.data());
  const bool done = BrotliEncoderCompress(kBrotliQuality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, body.size(), from,
                                          &bytes, reinterpret_cast<std::uint8_t*>(to)) == BROTLI_TRUE;
  return done ? bytes : 0;
}

// At this level the window stays below the 8 MiB that browsers take (RFC 9659).
std::size_t Zstd(std::string_view body, char* to, std::size_t bytes_max) {
  const std::size_t bytes = ZSTD_compress(to, bytes_max, body.data(), body.size(), kZstdLevel);
  return ZSTD_isError(bytes) != 0 ? 0 : bytes;
}

std::size_t Gzip(std::string_view body, char* to, std::size_t bytes_max) {
  constexpr int kWindowBits = 15 + 16;  // the largest, and gzip's frame around it
  constexpr int kMemoryLevel = 9;
  if (body.size() > std::numeric_limits<uInt>::max() || bytes_max > std::numeric_limits<uInt>::max()) return 0;
  z_stream stream{};
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
  // zlib does not write to what it reads.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(to);
  stream.avail_out = static_cast<uInt>(bytes_max);
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  const std::size_t bytes = stream.total_out;
  deflateEnd(&stream);
  return done ? bytes : 0;
}

}  // namespace

bool AppendCompressed(std::string& out, ContentCoding coding, std::string_view body, std::size_t bytes_max) {
  const std::size_t before = out.size();
  out.resize(before + bytes_max);
  char* to = out.data() + before;
  std::size_t bytes = 0;
  switch (coding) {
    case ContentCoding::kBrotli:
      bytes = Brotli(body, to, bytes_max);
      break;
    case ContentCoding::kZstd:
      bytes = Zstd(body, to, bytes_max);
      break;
    case ContentCoding::kGzip:
      bytes = Gzip(body, to, bytes_max);
      break;
    case ContentCoding::kIdentity:
      break;
  }
  out.resize(before + bytes);
  return bytes > 0;
}

}  // namespace kck
