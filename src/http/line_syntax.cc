#include "http/line_syntax.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/trim.h"

namespace kck {
namespace {

using Table = std::array<bool, 256>;

constexpr Table TableOf(std::string_view others) {
  Table table{};
  for (unsigned char c = 0; c < 128; ++c) {
    table[c] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
  for (const char c : others) table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr Table kTokenChars = TableOf("!#$%&'*+-.^_`|~");
constexpr Table kHostChars = TableOf("-._~!$&'()*+,;=%[]:");

bool AllOf(std::string_view text, const Table& table) {
  return std::ranges::all_of(text, [&](char c) { return table[static_cast<unsigned char>(c)]; });
}

// Written so that it compiles to a few instructions for sixteen bytes.
bool HasControl(std::string_view text) {
  bool found = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    found |= (byte < 0x20 && byte != '\t') || byte == 0x7F;
  }
  return found;
}

bool HasBlankOrControl(std::string_view text) {
  bool found = false;
  for (const char c : text) found |= static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
  return found;
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view SkipBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  return text;
}

// Takes a token off `text`. False where there is none.
bool TakeToken(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, IsTokenChar);
  const auto size = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(size);
  return size > 0;
}

// The same for a text in quotes, in which a backslash takes the meaning from the character behind it.
bool TakeQuoted(std::string_view& text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

// `;name`, `;name=token` and `;name="text"`, any number of them.
bool AreChunkExtensions(std::string_view text) {
  while (!text.empty()) {
    text = SkipBlanks(text);
    if (!text.starts_with(';')) return false;
    text = SkipBlanks(text.substr(1));
    if (!TakeToken(text)) return false;
    const std::string_view rest = SkipBlanks(text);
    if (!rest.starts_with('=')) continue;
    text = SkipBlanks(rest.substr(1));
    if (text.starts_with('"') ? !TakeQuoted(text) : !TakeToken(text)) return false;
  }
  return true;
}

}  // namespace

std::optional<RequestLine> CutRequestLine(std::string_view line) {
  const auto first = line.find(' ');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const RequestLine cut{line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)};
  if (!IsToken(cut.method) || cut.target.empty() || HasBlankOrControl(cut.target)) return std::nullopt;
  return cut;
}

HttpVersion VersionOf(std::string_view word) {
  if (word == "HTTP/1.1") return HttpVersion::k11;
  if (word == "HTTP/1.0") return HttpVersion::k10;
  constexpr std::string_view kName = "HTTP/";
  if (!word.starts_with(kName)) return HttpVersion::kNone;
  word.remove_prefix(kName.size());
  const bool major = word.size() == 1 && IsDigit(word[0]);
  const bool both = word.size() == 3 && IsDigit(word[0]) && word[1] == '.' && IsDigit(word[2]);
  return major || both ? HttpVersion::kOther : HttpVersion::kNone;
}

std::optional<Field> CutField(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const Field field{line.substr(0, colon), Trim(line.substr(colon + 1), kLineBlanks)};
  if (!IsToken(field.name) || HasControl(field.value)) return std::nullopt;
  return field;
}

bool IsTokenChar(char c) { return kTokenChars[static_cast<unsigned char>(c)]; }

bool IsToken(std::string_view text) { return !text.empty() && AllOf(text, kTokenChars); }

bool SameToken(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) | 0x20U) != static_cast<unsigned char>(lower[i])) return false;
  }
  return true;
}

bool IsHost(std::string_view value) { return AllOf(value, kHostChars); }

std::optional<std::uint64_t> ParseLength(std::string_view digits) {
  constexpr std::size_t kDigitsMax = 19;  // what fits whatever the digits are
  if (digits.empty() || digits.size() > kDigitsMax || !std::ranges::all_of(digits, IsDigit)) return std::nullopt;
  std::uint64_t length = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), length);
  return length;
}

std::optional<std::uint64_t> ParseChunkLine(std::string_view line) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  const auto digits = static_cast<std::size_t>(end - line.data());
  constexpr std::size_t kDigitsMax = 16;
  if (error != std::errc{} || digits > kDigitsMax || HasControl(line)) return std::nullopt;
  if (!AreChunkExtensions(line.substr(digits))) return std::nullopt;
  return size;
}

std::string_view TakeListed(std::string_view& list) {
  const std::string_view item = list.substr(0, list.find(','));
  list.remove_prefix(std::min(list.size(), item.size() + 1));
  return Trim(item, kLineBlanks);
}

}  // namespace kck
