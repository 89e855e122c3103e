// A hash map whose keys are texts, found by any view of one without a copy.
#pragma once

#include <xxhash.h>

#include <boost/unordered/unordered_map.hpp>
#include <functional>
#include <string>
#include <string_view>

namespace kck {

// xxh3: of a token's few hundred bytes it takes a third of what the standard one does.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return XXH3_64bits(text.data(), text.size()); }
};

// Boost's: the standard one walks its buckets by hashing the keys of neighbours anew. Elements stay where they are.
template <typename Value>
using TextMap = boost::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

}  // namespace kck
