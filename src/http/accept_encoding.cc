#include "http/accept_encoding.h"

#include <algorithm>
#include <optional>

#include "base/trim.h"
#include "http/line_syntax.h"

namespace kck {
namespace {

// A weight in thousandths.
using Weight = int;
constexpr Weight kFull = 1000;

// "0", "0.5", "1.000"; RFC 9110, 12.4.2.
std::optional<Weight> ParseWeight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  Weight weight = (text[0] - '0') * kFull;
  if (text.size() == 1) return weight;
  if (text[1] != '.') return std::nullopt;
  Weight place = 100;
  for (const char digit : text.substr(2)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    weight += (digit - '0') * place;
    place /= 10;
  }
  return weight <= kFull ? std::optional(weight) : std::nullopt;
}

// Each is looked through for each coding, and nobody means more.
constexpr std::size_t kWishesMax = 32;

struct Wish {
  std::string_view coding;
  Weight weight = kFull;
};

std::optional<Wish> ParseWish(std::string_view item) {
  const std::size_t semicolon = item.find(';');
  Wish wish{Trim(item.substr(0, semicolon), kLineBlanks)};
  if (!IsToken(wish.coding)) return std::nullopt;
  if (semicolon == std::string_view::npos) return wish;
  const std::string_view parameter = Trim(item.substr(semicolon + 1), kLineBlanks);
  if (parameter.size() < 2 || (parameter[0] != 'q' && parameter[0] != 'Q') || parameter[1] != '=') return std::nullopt;
  const auto weight = ParseWeight(parameter.substr(2));
  if (!weight) return std::nullopt;
  wish.weight = *weight;
  return wish;
}

bool Names(std::string_view coding, ContentCoding made) {
  if (SameToken(coding, CodingName(made))) return true;
  return made == ContentCoding::kGzip && SameToken(coding, "x-gzip");
}

class Wishes {
 public:
  explicit Wishes(std::string_view accept_encoding) {
    while (!accept_encoding.empty() && wishes_.size() < kWishesMax) {
      if (const auto wish = ParseWish(TakeListed(accept_encoding))) wishes_.push_back(*wish);
    }
  }

  // Zero: it is not to be sent.
  Weight Of(ContentCoding coding) const {
    const auto named = std::ranges::find_if(wishes_, [&](const Wish& wish) { return Names(wish.coding, coding); });
    if (named != wishes_.end()) return named->weight;
    const auto any = std::ranges::find(wishes_, "*", &Wish::coding);
    // A body as it is may be sent unless that is ruled out; it is liked the least where it is not named.
    return any != wishes_.end() && coding != ContentCoding::kIdentity ? any->weight : 0;
  }

 private:
  std::vector<Wish> wishes_;
};

}  // namespace

bool CodingList::Has(ContentCoding coding) const { return std::find(begin(), end(), coding) != end(); }

CodingList ParseAcceptEncoding(std::string_view accept_encoding, const std::vector<ContentCoding>& offered) {
  const Wishes wishes(accept_encoding);
  const Weight least = std::max(1, wishes.Of(ContentCoding::kIdentity));
  std::vector<ContentCoding> liked;
  for (const ContentCoding coding : offered) {
    const Weight weight = wishes.Of(coding);
    if (weight < least) continue;
    const auto after = std::ranges::find_if(liked, [&](ContentCoding other) { return wishes.Of(other) < weight; });
    liked.insert(after, coding);
  }
  CodingList codings;
  for (const ContentCoding coding : liked) codings.Add(coding);
  return codings;
}

const CodingList& AcceptedCodings::Of(const std::string& accept_encoding, const std::vector<ContentCoding>& offered) {
  if (text_ != accept_encoding) {
    codings_ = ParseAcceptEncoding(accept_encoding, offered);
    text_ = accept_encoding;
  }
  return codings_;
}

}  // namespace kck
