#include "testing/request_reader.h"

#include <fmt/format.h>

namespace kck {

void RequestReader::Add(std::string_view bytes) {
  if (ended_) return;
  unread_ += bytes;
  while (!ended_ && Step()) {
  }
}

bool RequestReader::Step() {
  const RequestParser::Progress progress = parser_.Put(unread_);
  unread_.erase(0, progress.consumed);
  if (progress.state == RequestParser::State::kNeedsMore) return false;
  if (progress.state == RequestParser::State::kFault) {
    read_ += fmt::format("fault {} {}\n", parser_.fault().status, parser_.fault().message);
    ended_ = true;
    return false;
  }
  read_ +=
      fmt::format("{} {} {} {} {} {} {} [{}]\n", static_cast<int>(request_.method), request_.target, request_.version,
                  request_.keep_alive, request_.has_if_match, request_.if_match, request_.if_none_match, request_.body);
  ended_ = !request_.keep_alive;
  parser_.Reset();
  return true;
}

}  // namespace kck
