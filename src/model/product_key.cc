#include "model/product_key.h"

#include <fmt/format.h>

#include "base/hex.h"

namespace kck {
namespace {

// The two digits that spell a NULL.
constexpr std::string_view kNull = "%00";

bool IsPlain(char c) {
  const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return alphanumeric || (c != '\0' && std::string_view("-._~!$'()*+,;=:@").find(c) != std::string_view::npos);
}

void AppendEncoded(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    if (IsPlain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xFU];
  }
}

Failure BadEscape(std::size_t segment) {
  return Fail(ErrorCode::kBadKey, fmt::format("segment {} of the key has a % that is not followed by two hexadecimal "
                                              "digits; write a percent sign as %25",
                                              segment + 1));
}

// A key of no product: every segment in its one spelling.
Result<ResolvedKey> ResolveFree(const std::vector<std::string_view>& segments) {
  ResolvedKey key;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::optional<std::string> text = DecodeSegment(segments[i]);
    if (!text) return BadEscape(i);
    if (i > 0) key.text += '/';
    AppendEncoded(key.text, *text);
  }
  return key;
}

Failure WrongCount(const Product& product, std::size_t given) {
  std::string form = product.name;
  for (const Param& param : product.params) form += "/" + param.name;
  return Fail(ErrorCode::kBadKey,
              fmt::format("{} takes {} parameter{} ({}), and the key has {}", product.name, product.params.size(),
                          product.params.size() == 1 ? "" : "s", form, given));
}

Result<ParamValue> Canonical(const Param& param, const ParamValue& value) {
  if (!value) {
    if (param.nullable) return ParamValue{};
    return Fail(ErrorCode::kBadKey, fmt::format("parameter {} is not nullable: %00 stands for NULL", param.name));
  }
  Result<std::string> canonical = CanonicalText(param.type, *value);
  if (!canonical) {
    return Fail(ErrorCode::kBadKey, fmt::format("parameter {}: {}", param.name, canonical.error().message));
  }
  return ParamValue{*std::move(canonical)};
}

Result<ResolvedKey> ResolveOf(const ProductPtr& product, const std::vector<std::string_view>& segments) {
  if (segments.size() - 1 != product->params.size()) return WrongCount(*product, segments.size() - 1);
  std::vector<ParamValue> values(product->params.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (segments[i + 1] == kNull) continue;
    std::optional<std::string> text = DecodeSegment(segments[i + 1]);
    if (!text) return BadEscape(i + 1);
    values[i] = *std::move(text);
  }
  return KeyOf(product, values);
}

}  // namespace

void AppendKeyPart(std::string& key, const ParamValue& value) {
  if (!value) {
    key += kNull;
  } else {
    AppendEncoded(key, *value);
  }
}

std::vector<std::string_view> SplitKey(std::string_view raw_key) {
  std::vector<std::string_view> segments;
  while (true) {
    const std::size_t slash = raw_key.find('/');
    segments.push_back(raw_key.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    raw_key.remove_prefix(slash + 1);
  }
}

std::optional<std::string> DecodeSegment(std::string_view segment) {
  std::string text;
  text.reserve(segment.size());
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      text += segment[i];
      continue;
    }
    if (i + 2 >= segment.size()) return std::nullopt;
    const int high = HexDigit(segment[i + 1]);
    const int low = HexDigit(segment[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    text += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return text;
}

std::string_view KeyName(std::string_view raw_key) { return raw_key.substr(0, raw_key.find('/')); }

std::string_view WholeProduct(std::string_view key) {
  const auto slash = key.find('/');
  return slash != std::string_view::npos && key.substr(slash) == "/*" ? key.substr(0, slash) : std::string_view();
}

Result<ResolvedKey> ResolveKey(const Catalog& catalog, std::string_view raw_key) {
  if (raw_key.empty()) return Fail(ErrorCode::kBadKey, "the key is empty: it begins with a product's name");
  if (raw_key.size() > kKeyBytesMax) {
    return Fail(ErrorCode::kBadKey, fmt::format("the key has {} bytes; {} is the most", raw_key.size(), kKeyBytesMax));
  }
  const std::vector<std::string_view> segments = SplitKey(raw_key);
  if (segments[0].empty()) return Fail(ErrorCode::kBadKey, "the key begins with a slash, not with a product's name");
  const std::optional<std::string> name = DecodeSegment(segments[0]);
  if (!name) return BadEscape(0);
  const ProductPtr* product = catalog.Find(*name);
  Result<ResolvedKey> key = product != nullptr ? ResolveOf(*product, segments) : ResolveFree(segments);
  if (key && key->text.size() > kKeyBytesMax) {
    return Fail(ErrorCode::kBadKey, fmt::format("the key has {} bytes in its canonical form; {} is the most",
                                                key->text.size(), kKeyBytesMax));
  }
  return key;
}

Result<void> BindKey(std::string_view raw_key, const Product& product, const TokenParams& from_token,
                     std::string& key) {
  const std::vector<std::string_view> segments = SplitKey(raw_key);
  const std::size_t asked = product.params.size() - from_token.size();
  if (segments.size() - 1 != asked) {
    return Fail(ErrorCode::kBadKey, fmt::format("{} takes {} parameter{} from the path, beside what comes from the "
                                                "token, and the key has {}",
                                                product.name, asked, asked == 1 ? "" : "s", segments.size() - 1));
  }
  key = segments[0];
  std::size_t next = 1;
  for (std::size_t i = 0; i < product.params.size(); ++i) {
    key += '/';
    const auto bound = from_token.find(i);
    if (bound == from_token.end()) {
      key += segments[next++];
    } else {
      AppendKeyPart(key, bound->second);
    }
  }
  return {};
}

Result<ResolvedKey> KeyOf(const ProductPtr& product, const std::vector<ParamValue>& values) {
  Result<ResolvedKey> key = ResolvedKey{};
  key->product = product;
  AppendEncoded(key->text, product->name);
  for (std::size_t i = 0; i < product->params.size(); ++i) {
    Result<ParamValue> value = Canonical(product->params[i], values[i]);
    if (!value) return Failure(std::move(value.error()));
    key->text += '/';
    AppendKeyPart(key->text, *value);
    key->params.push_back(*std::move(value));
  }
  return key;
}

}  // namespace kck
