// What the request parser makes of a connection's bytes, as text that two ways of cutting them can be compared by.
#pragma once

#include <string>
#include <string_view>

#include "http/request_parser.h"

namespace kck {

class RequestReader {
 public:
  explicit RequestReader(std::size_t body_bytes_max) : parser_(request_, body_bytes_max, budget_) {}

  // `bytes` have arrived. What comes behind a request that closes, or behind a fault, is not read.
  void Add(std::string_view bytes);

  // A line for each request or fault so far.
  const std::string& read() const { return read_; }

 private:
  bool Step();

  Request request_;
  ByteBudget budget_{std::size_t{1} << 30U};
  RequestParser parser_;
  std::string unread_;
  std::string read_;
  bool ended_ = false;
};

}  // namespace kck
