// A value for a marker of a CQL statement, as raw bytes: text and blobs are views of the caller's, numbers are held.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace kck {

class CqlValue {
 public:
  // A text or a blob, which stays where it is until the call that takes the value has returned.
  static CqlValue Bytes(std::string_view bytes) { return CqlValue(bytes.data(), bytes.size()); }
  template <std::same_as<std::string> Temporary>
  static CqlValue Bytes(Temporary&& bytes) = delete;

  static CqlValue Null() { return {}; }
  static CqlValue Bigint(std::int64_t number) { return CqlValue(static_cast<std::uint64_t>(number), 8); }
  static CqlValue Int(std::int32_t number) { return CqlValue(static_cast<std::uint32_t>(number), 4); }
  static CqlValue Boolean(bool truth) { return CqlValue(truth ? 1U : 0U, 1); }

  const char* data() const { return data_ != nullptr ? data_ : held_.data(); }
  std::int64_t size() const { return size_; }  // -1: null

 private:
  CqlValue() = default;
  CqlValue(const char* data, std::size_t size) : data_(data), size_(static_cast<std::int64_t>(size)) {}
  CqlValue(std::uint64_t number, unsigned size) : size_(size) {
    for (unsigned at = 0; at < size; ++at) held_[at] = static_cast<char>(number >> (8U * (size - 1U - at)));
  }

  const char* data_ = nullptr;  // null: the bytes are held here
  std::int64_t size_ = -1;
  std::array<char, 8> held_{};
};

}  // namespace kck
