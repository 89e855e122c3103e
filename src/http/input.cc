#include "http/input.h"

namespace kck {
namespace {

constexpr std::size_t kBytesKept = std::size_t{1} << 10U;

}  // namespace

void Input::Arrived(std::string_view bytes) {
  if (unread_.empty()) {
    unread_ = bytes;
    borrowed_ = true;
    return;
  }
  Keep();
  kept_ += bytes;
  unread_ = kept_;
}

void Input::Keep() {
  if (unread_.empty() && kept_.empty()) {
    unread_ = {};  // the buffer that it stands in may go
    borrowed_ = false;
    return;
  }
  if (borrowed_) {
    kept_ = unread_;
  } else {
    kept_.erase(0, kept_.size() - unread_.size());
  }
  if (kept_.empty() && kept_.capacity() > kBytesKept) kept_.shrink_to_fit();
  unread_ = kept_;
  borrowed_ = false;
}

}  // namespace kck
