// The requests that the comparison of eviction policies replays: the same for a shape, sizes and seed on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kck::bench {

struct Request {
  std::uint32_t key;
  std::uint32_t bytes;  // of key and value together; the same each time a key comes
};

struct Trace {
  std::vector<Request> requests;  // a million
  std::uint64_t cache_bytes;      // of the cache it is meant for
};

enum class Sizes : std::uint8_t {
  kEqual,      // 1000 bytes each
  kLogNormal,  // mean 1000 bytes, sigma 1.2, from 32 bytes to 1 MB
};

// The cache holds 10,000 items of 1000 bytes, a tenth of the keys of a Zipf trace.
//   zipf0.7, zipf0.9, zipf1.1   100,000 keys, each request independent
//   scan    Zipf 0.9; after each two cachefuls of requests, one cacheful of keys that never come again
//   jump    Zipf 0.9 over 50,000 keys, of which half are replaced after each tenth of the trace
//   slide   uniform over 1.25 cachefuls of keys; after 20 requests the oldest key leaves and a new one comes
//   loop    over and over through keys of 1.1 times the cache's bytes
std::vector<std::string> Shapes();

// Throws std::invalid_argument where there is no such shape.
Trace MakeTrace(std::string_view shape, Sizes sizes, unsigned seed);

}  // namespace kck::bench
