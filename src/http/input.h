// The bytes that a connection has received and not yet read as requests. For one thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace kck {

class Input {
 public:
  std::string_view unread() const { return {bytes_.data() + begin_, end_ - begin_}; }

  void Consume(std::size_t count) { begin_ += count; }

  // Where the next bytes go; at least 1 KiB. Grows while reads fill it, and gives memory back once they do not. Ends
  // the life of unread().
  std::span<char> Room();

  // `count` bytes were put at the front of Room().
  void Filled(std::size_t count);

 private:
  static constexpr std::size_t kRoomUsual = std::size_t{4} << 10U;

  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t wanted_ = kRoomUsual;  // the room that suits what the last read brought
};

}  // namespace kck
