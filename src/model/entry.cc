#include "model/entry.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "base/json.h"

namespace kck {

bool Supersedes(const Entry& candidate, const Entry& current) {
  if (candidate.version != current.version) return candidate.version > current.version;
  return candidate.fill_sequence >= current.fill_sequence;
}

std::uint64_t ValueHash(std::string_view value) { return XXH3_64bits(value.data(), value.size()); }

ContentPtr MakeContent(std::string_view key, std::string_view value, const Version& version,
                       std::int64_t modified_unix_ms) {
  auto content = std::make_shared<Content>();
  content->version = version;
  content->hash = ValueHash(value);
  content->modified_unix_ms = modified_unix_ms;
  std::string& body = content->body;
  body.reserve(value.size() + key.size() + 112);
  body += R"({"success":true,"key":)";
  AppendJsonString(body, key);
  body += R"(,"version":")";
  body += VersionText(version);
  body += R"(","value":)";
  content->value_offset = static_cast<std::uint32_t>(body.size());
  content->value_size = static_cast<std::uint32_t>(value.size());
  body += value;
  fmt::format_to(std::back_inserter(body), R"(,"modified":{}.{:03}}})", modified_unix_ms / 1000,
                 modified_unix_ms % 1000);
  return content;
}

}  // namespace kck
