#include "http/input.h"

#include <algorithm>

namespace kck {
namespace {

constexpr std::size_t kRoomMin = std::size_t{1} << 10U;
constexpr std::size_t kRoomMax = std::size_t{64} << 10U;

}  // namespace

std::span<char> Input::Room() {
  const std::size_t unread_bytes = end_ - begin_;
  if (unread_bytes > 0 && bytes_.size() - end_ >= kRoomMin) return std::span(bytes_).subspan(end_);
  const std::size_t size = unread_bytes + wanted_;
  if (bytes_.size() < size || bytes_.size() > 2 * size) {
    std::vector<char> moved(size);
    std::ranges::copy(unread(), moved.begin());
    bytes_ = std::move(moved);
  } else {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_), unread_bytes, bytes_.begin());
  }
  begin_ = 0;
  end_ = unread_bytes;
  return std::span(bytes_).subspan(end_);
}

void Input::Filled(std::size_t count) {
  wanted_ = count == bytes_.size() - end_ ? std::min(2 * wanted_, kRoomMax) : std::max(count, kRoomUsual);
  end_ += count;
}

}  // namespace kck
