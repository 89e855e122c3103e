// The memory that request bodies may take, over all connections together. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kck {

class BodyBudget {
 public:
  explicit BodyBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // False, and counted, where that is more than there is.
  bool Take(std::size_t bytes) {
    if (bytes_.fetch_add(bytes) + bytes <= bytes_max_) return true;
    Give(bytes);
    ++refused_;
    return false;
  }

  // Of what was taken.
  void Give(std::size_t bytes) { bytes_ -= bytes; }

  std::size_t bytes() const { return bytes_; }
  std::uint64_t refused() const { return refused_; }

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace kck
