#include "http/query.h"

#include <algorithm>
#include <charconv>

namespace kck {
namespace {

// Reads the two hexadecimal digits at the start of `text`.
bool ReadHexByte(std::string_view text, char& byte) {
  if (text.size() < 2) return false;
  unsigned value = 0;
  const char* end = text.data() + 2;
  if (std::from_chars(text.data(), end, value, 16).ptr != end) return false;
  byte = static_cast<char>(value);
  return true;
}

bool Decode(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i] == '+' ? ' ' : text[i];
    if (c == '%') {
      if (!ReadHexByte(text.substr(i + 1), c)) return false;
      i += 2;
    }
    out += c;
  }
  return true;
}

}  // namespace

Result<QueryFields> ParseQuery(std::string_view query) {
  QueryFields fields;
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), field.size() + 1));
    if (field.empty()) continue;
    const auto equals = std::min(field.find('='), field.size());
    auto& [name, value] = fields.emplace_back();
    if (!Decode(field.substr(0, equals), name) || !Decode(field.substr(std::min(field.size(), equals + 1)), value)) {
      return Fail(ErrorCode::kBadRequest,
                  "the query or form has a % that no two hexadecimal digits follow: spell it %25");
    }
  }
  return fields;
}

}  // namespace kck
