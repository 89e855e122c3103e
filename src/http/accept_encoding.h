// What a request's Accept-Encoding asks for (RFC 9110, 12.5.3).
//
// For one thread: the answer to the last text is kept, since the next request mostly has the same.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/compression_settings.h"

namespace kck {

// Codings, those first that are to be sent first; none twice.
class CodingList {
 public:
  void Add(ContentCoding coding) { codings_.at(size_++) = coding; }
  bool Has(ContentCoding coding) const;

  bool empty() const { return size_ == 0; }
  ContentCoding front() const { return codings_.front(); }
  const ContentCoding* begin() const { return codings_.data(); }
  const ContentCoding* end() const { return codings_.data() + size_; }

 private:
  std::array<ContentCoding, kCompressions> codings_{};
  std::uint8_t size_ = 0;
};

// Those of `offered`, the best liked by the server first, that the client takes, and likes no less than a body as it
// is: by the client's weight, then by their place in `offered`. What the grammar has not is passed over.
CodingList ParseAcceptEncoding(std::string_view accept_encoding, const std::vector<ContentCoding>& offered);

class AcceptedCodings {
 public:
  // `offered` is the same in every call.
  const CodingList& Of(const std::string& accept_encoding, const std::vector<ContentCoding>& offered);

 private:
  std::string text_;
  CodingList codings_;
};

}  // namespace kck
