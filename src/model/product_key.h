// Reading keys: `name/param1/param2`, each segment percent-encoded.
//
// A key is split first and decoded after, so `a%2Fb` is one parameter. NULL is `%00` where the parameter is nullable;
// an empty segment is the empty string. The canonical form re-encodes every byte that is not an RFC 3986 unreserved
// character or one of !$'()*+,;=:@ with upper-case hex, and spells each typed value one way.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/catalog.h"

namespace kck {

inline constexpr std::size_t kKeyBytesMax = 1024;

// Parameters of a product or updater that a request's token gives, by index, canonical.
using TokenParams = std::map<std::size_t, ParamValue>;

// The first segment, still encoded: all before the first slash.
std::string_view KeyName(std::string_view raw_key);

// The product that `name/*` stands for; empty where `key` is not of that form. One key whose parameter is a star is
// spelled `name/%2A`.
std::string_view WholeProduct(std::string_view key);

// The segments of a key or a path, still encoded.
std::vector<std::string_view> SplitKey(std::string_view raw_key);

// A segment with its escapes undone; nothing where a % is not followed by two hexadecimal digits.
std::optional<std::string> DecodeSegment(std::string_view segment);

// Reads `raw_key` by the definitions in `catalog`. A name without a product resolves with a null product. KCKBadKey
// says which parameter is wrong, and how a right one looks.
Result<ResolvedKey> ResolveKey(const Catalog& catalog, std::string_view raw_key);

// A parameter as it stands in a canonical key.
void AppendKeyPart(std::string& key, const ParamValue& value);

// A request's key of which some parameters come from its token: `raw_key` has the others, in their order. Writes the
// whole key to `key`, the token's parameters in their one spelling. KCKBadKey where the number of the others is not
// right.
Result<void> BindKey(std::string_view raw_key, const Product& product, const TokenParams& from_token, std::string& key);

// The key of `product` with these values, one a parameter in its order, each spelled in any way that its type takes.
Result<ResolvedKey> KeyOf(const ProductPtr& product, const std::vector<ParamValue>& values);

}  // namespace kck
