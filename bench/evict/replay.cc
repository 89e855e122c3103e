// evict_replay shapes: prints the names of the shapes, one a line.
// evict_replay write SHAPE equal|lognormal SEED FILE: writes a trace, prints the bytes of its cache.
// evict_replay run (FILE CACHE_BYTES)…: replays each trace on a hot tier of its own, prints the ratios of hits, one a
// line.
//
// A file holds pairs of little-endian 32-bit numbers: key, bytes of key and value together. The hot tier is the one
// that serves, stripes and all, but an entry counts its key and body only, which is what CaffeineReplay.java counts.
#include <bit>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>

#include "hot/hot_tier.h"
#include "traces.h"

namespace kck::bench {
namespace {

static_assert(std::endian::native == std::endian::little && sizeof(Request) == 8);

void Write(const Trace& trace, const char* path) {
  std::ofstream file(path, std::ios::binary);
  // NOLINTNEXTLINE: the bytes of plain numbers
  file.write(reinterpret_cast<const char*>(trace.requests.data()),
             static_cast<std::streamsize>(trace.requests.size() * sizeof(Request)));
  if (!file.flush()) throw std::runtime_error(std::string("cannot write ") + path);
}

std::vector<Request> Read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<Request> requests(bytes.size() / sizeof(Request));
  if (requests.empty()) throw std::runtime_error(std::string("cannot read ") + path);
  std::memcpy(requests.data(), bytes.data(), requests.size() * sizeof(Request));
  return requests;
}

std::size_t KeyAndValueBytes(const Entry& entry) { return entry.key().size() + entry.value().size(); }

EntryPtr EntryOf(std::string_view key, std::size_t value_bytes) {
  return Entry::Make(key, {}, std::string(value_bytes, ' '));
}

double HitRatio(const std::vector<Request>& requests, std::size_t cache_bytes) {
  HotTier hot(cache_bytes, KeyAndValueBytes);
  std::size_t hits = 0;
  for (const auto& request : requests) {
    const std::string key = std::to_string(request.key);
    if (hot.Find(key)) {
      ++hits;
    } else {
      hot.Put(EntryOf(key, request.bytes - key.size()));
    }
  }
  return static_cast<double>(hits) / static_cast<double>(requests.size());
}

int Run(std::span<char*> arguments) {
  const std::string command = arguments.empty() ? "" : arguments[0];
  if (command == "shapes" && arguments.size() == 1) {
    for (const auto& shape : Shapes()) std::cout << shape << '\n';
  } else if (command == "write" && arguments.size() == 5) {
    const Sizes sizes = std::string_view(arguments[2]) == "equal" ? Sizes::kEqual : Sizes::kLogNormal;
    const Trace trace = MakeTrace(arguments[1], sizes, static_cast<unsigned>(std::stoul(arguments[3])));
    Write(trace, arguments[4]);
    std::cout << trace.cache_bytes << '\n';
  } else if (command == "run" && arguments.size() % 2 == 1) {
    for (std::size_t i = 1; i < arguments.size(); i += 2) {
      std::cout << HitRatio(Read(arguments[i]), std::stoull(arguments[i + 1])) << '\n';
    }
  } else {
    std::cerr << "evict_replay: see the comment at the top of replay.cc\n";
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace kck::bench

int main(int argc, char** argv) {
  try {
    return kck::bench::Run(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
  } catch (const std::exception& failed) {
    std::cerr << "evict_replay: " << failed.what() << '\n';
    return 1;
  }
}
