// The bytes that a connection has received and not yet read as requests. For one thread.
//
// They stand in the thread's read buffer, where they arrived, and are copied only where they have to wait: a connection
// between two requests holds no buffer.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kck {

class Input {
 public:
  std::string_view unread() const { return unread_; }

  void Consume(std::size_t count) { unread_.remove_prefix(count); }

  // `bytes` stand behind what is unread. They are borrowed until Keep().
  void Arrived(std::string_view bytes);

  // Ends the borrowing: copies what is unread, and gives memory back that is not needed.
  void Keep();

 private:
  std::string kept_;
  std::string_view unread_;
  bool borrowed_ = false;  // unread_ is not in kept_
};

}  // namespace kck
