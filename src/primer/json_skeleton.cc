#include "primer/json_skeleton.h"

#include <fmt/format.h>

#include <charconv>

namespace kck {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// The length of the token that `rest` begins with: a string with its quotes, or all up to what may follow a scalar.
std::size_t TokenLength(std::string_view rest) {
  if (rest[0] != '"') return std::min(rest.find_first_of(",:]} \t\r\n"), rest.size());
  std::size_t at = 1;
  while (rest[at] != '"') at += rest[at] == '\\' ? 2 : 1;
  return at + 1;
}

bool IsStructure(char c) { return std::string_view("[]{},:").find(c) != std::string_view::npos; }

bool ColonFollows(std::string_view rest) {
  const std::size_t next = rest.find_first_not_of(kSpace);
  return next != std::string_view::npos && rest[next] == ':';
}

}  // namespace

JsonSkeleton SkeletonOf(std::string_view json) {
  JsonSkeleton skeleton;
  for (std::size_t at = json.find_first_not_of(kSpace); at < json.size(); at = json.find_first_not_of(kSpace, at)) {
    if (IsStructure(json[at])) {
      skeleton.text += json[at++];
      continue;
    }
    const std::string_view token = json.substr(at, TokenLength(json.substr(at)));
    at += token.size();
    if (ColonFollows(json.substr(at))) {
      skeleton.text += token;
    } else {
      skeleton.text += fmt::format_int(skeleton.scalars.size()).c_str();
      skeleton.scalars.push_back(token);
    }
  }
  return skeleton;
}

std::string WithScalars(std::string_view text, const std::vector<std::string_view>& scalars) {
  std::string json;
  for (std::size_t at = 0; at < text.size();) {
    if (IsStructure(text[at])) {
      json += text[at++];
      continue;
    }
    const std::string_view token = text.substr(at, TokenLength(text.substr(at)));
    at += token.size();
    std::size_t place = 0;
    const bool is_name = token[0] == '"';
    if (!is_name) std::from_chars(token.data(), token.data() + token.size(), place);
    json += is_name ? token : scalars[place];
  }
  return json;
}

}  // namespace kck
