#include "base/base64.h"

namespace kck {
namespace {

int UrlDigit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

}  // namespace

void AppendBase64(std::string& out, std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  auto byte = [bytes](std::size_t i) -> unsigned {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned group = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    out += kDigits[group >> 18U];
    out += kDigits[(group >> 12U) & 63U];
    out += i + 1 < bytes.size() ? kDigits[(group >> 6U) & 63U] : '=';
    out += i + 2 < bytes.size() ? kDigits[group & 63U] : '=';
  }
}

std::string Base64Url(std::string_view bytes) {
  std::string text;
  AppendBase64(text, bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

std::optional<std::string> FromBase64Url(std::string_view text) {
  std::string bytes;
  unsigned group = 0;
  int bits = 0;
  for (const char c : text) {
    const int digit = UrlDigit(c);
    if (digit < 0) return std::nullopt;
    group = (group << 6U | static_cast<unsigned>(digit)) & 0xFFFFFFU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((group >> static_cast<unsigned>(bits)) & 0xFFU);
  }
  // Six bits too many are a digit too many; bits that no byte takes are zero in the one spelling.
  if (bits >= 6 || (group & ((1U << static_cast<unsigned>(bits)) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace kck
