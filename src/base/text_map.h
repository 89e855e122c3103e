// A hash map whose keys are texts, found by any view of one without a copy.
#pragma once

#include <boost/unordered/unordered_map.hpp>
#include <functional>
#include <string>
#include <string_view>

namespace kck {

struct TextHash : std::hash<std::string_view> {
  using is_transparent = void;
};

// Boost's: the standard one walks its buckets by hashing the keys of neighbours anew. Elements stay where they are.
template <typename Value>
using TextMap = boost::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

}  // namespace kck
