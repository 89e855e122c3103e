#include "http/output.h"

namespace kck {
namespace {

constexpr std::size_t kCopiedBytesMax = std::size_t{16} << 10U;
constexpr std::size_t kTextBytesKept = std::size_t{256} << 10U;

// An iovec serves reads as well, so its bytes are not const.
iovec PieceOf(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

}  // namespace

void Output::Append(std::string_view bytes, EntryPtr owner) {
  if (bytes.size() <= kCopiedBytesMax) {
    text_ += bytes;
    return;
  }
  shared_bytes_ += bytes.size();
  shared_.push_back({text_.size(), bytes, std::move(owner)});
}

void Output::Swap(Output& other) noexcept {
  text_.swap(other.text_);
  shared_.swap(other.shared_);
  std::swap(shared_bytes_, other.shared_bytes_);
}

void Output::Clear() {
  text_.clear();
  if (text_.capacity() > kTextBytesKept) text_.shrink_to_fit();
  shared_.clear();
  shared_bytes_ = 0;
}

void Output::Pieces(std::vector<iovec>& pieces) const {
  const std::string_view text = text_;
  std::size_t from = 0;
  pieces.clear();
  for (const Shared& shared : shared_) {
    if (shared.text_offset > from) pieces.push_back(PieceOf(text.substr(from, shared.text_offset - from)));
    pieces.push_back(PieceOf(shared.bytes));
    from = shared.text_offset;
  }
  if (text.size() > from) pieces.push_back(PieceOf(text.substr(from)));
}

}  // namespace kck
