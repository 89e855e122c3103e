// JSON text without its scalars, so that a library which rounds numbers can walk it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kck {

// Each value that is no list or object is replaced by its place in `scalars`. Names of members stay.
struct JsonSkeleton {
  std::string text;
  std::vector<std::string_view> scalars;  // pieces of the JSON that it was made from
};

// `json` is valid JSON, and outlives the result.
JsonSkeleton SkeletonOf(std::string_view json);

// Puts the scalars back into `text`, which is any part of the skeleton's text.
std::string WithScalars(std::string_view text, const std::vector<std::string_view>& scalars);

}  // namespace kck
