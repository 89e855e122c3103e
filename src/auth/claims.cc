#include "auth/claims.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>
#include <set>

#include "auth/jwt.h"
#include "model/json_param.h"

namespace kck {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t kScalarsMax = 256;

Failure Invalid(std::string message) { return Fail(ErrorCode::kTokenInvalid, std::move(message)); }

// RFC 7519: seconds since 1970, perhaps with a fraction, which is cut off.
Result<std::int64_t> ReadTime(std::string_view name, element value) {
  constexpr double kLatest = 253402300799;  // the year 9999
  double seconds = 0;
  if (value.is_string() || value.get_double().get(seconds) != simdjson::SUCCESS || !(std::abs(seconds) <= kLatest)) {
    return Invalid(fmt::format("{} in the token is no time", name));
  }
  return static_cast<std::int64_t>(std::floor(seconds));
}

Result<std::vector<std::string>> ReadTexts(std::string_view name, element value) {
  std::vector<std::string> texts;
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) {
    texts.emplace_back(text);
    return texts;
  }
  simdjson::dom::array list;
  if (value.get_array().get(list) != simdjson::SUCCESS) return Invalid(fmt::format("{} in the token is no text", name));
  for (const element item : list) {
    if (item.get_string().get(text) != simdjson::SUCCESS) {
      return Invalid(fmt::format("{} in the token holds what is no text", name));
    }
    texts.emplace_back(text);
  }
  return texts;
}

std::vector<std::string> SplitAtSpaces(const std::vector<std::string>& texts) {
  std::vector<std::string> words;
  for (const std::string& text : texts) {
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t end = std::min(text.find(' ', from), text.size());
      if (end > from) words.push_back(text.substr(from, end - from));
      from = end + 1;
    }
  }
  return words;
}

class ClaimsReader {
 public:
  explicit ClaimsReader(std::string_view roles_claim) : roles_claim_(roles_claim) {}

  Result<Claims> Read(const object& body) {
    if (Result<void> read = ReadObject("", body); !read) return Failure(std::move(read.error()));
    std::ranges::sort(claims_.roles);
    return std::move(claims_);
  }

 private:
  // Members of objects come after those beside them, whose names they cannot take.
  Result<void> ReadObject(const std::string& prefix, const object& members) {
    std::set<std::string_view> names;
    std::vector<std::pair<std::string, object>> inner;
    for (const auto& [name, value] : members) {
      if (!names.insert(name).second) return Invalid("a claim stands twice in the token");
      const std::string path = prefix + std::string(name);
      if (Result<void> read = ReadMember(path, value); !read) return read;
      object within;
      if (value.get_object().get(within) == simdjson::SUCCESS) inner.emplace_back(path + '.', within);
    }
    for (const auto& [path, within] : inner) {
      if (Result<void> read = ReadObject(path, within); !read) return read;
    }
    return {};
  }

  Result<void> ReadMember(const std::string& path, element value) {
    if (path == roles_claim_ && claims_.roles.empty()) {
      Result<std::vector<std::string>> roles = ReadTexts(path, value);
      if (!roles) return Failure(std::move(roles.error()));
      claims_.roles = value.is_string() ? SplitAtSpaces(*roles) : *std::move(roles);
    }
    if (path == "aud") return Keep(ReadTexts(path, value), claims_.audiences);
    if (path == "exp") return Keep(ReadTime(path, value), claims_.expires_unix_s);
    if (path == "nbf") return Keep(ReadTime(path, value), claims_.not_before_unix_s);
    if (path == "iat") return Keep(ReadTime(path, value), claims_.issued_unix_s);
    const bool is_text = path == "iss" || path == "sub" || path == "jti" || path == "sid";
    if (is_text && !value.is_string()) return Invalid(fmt::format("{} in the token is no text", path));
    if (std::optional<ParamValue> scalar = ParamOfJson(value)) {
      if (claims_.scalars.size() >= kScalarsMax) return Invalid("the token has too many claims");
      claims_.scalars.emplace(path, *std::move(scalar));
    }
    return {};
  }

  template <typename From, typename To>
  static Result<void> Keep(Result<From> read, To& kept) {
    if (!read) return Failure(std::move(read.error()));
    kept = *std::move(read);
    return {};
  }

  std::string_view roles_claim_;
  Claims claims_;
};

}  // namespace

std::string Claims::Text(std::string_view name) const {
  const auto found = scalars.find(name);
  return found == scalars.end() ? std::string() : found->second.value_or("");
}

Result<Claims> ReadClaims(const std::string& json, std::string_view roles_claim) {
  simdjson::dom::parser parser;
  object body;
  if (parser.allocate(json.size(), kTokenDepthMax) != simdjson::SUCCESS ||
      parser.parse(simdjson::padded_string(json)).get_object().get(body) != simdjson::SUCCESS) {
    return Invalid("the token's body is no JSON object");
  }
  return ClaimsReader(roles_claim).Read(body);
}

}  // namespace kck
