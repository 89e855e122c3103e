// Numbers as the bytes that stores keep.
#pragma once

#include <algorithm>
#include <array>
#include <boost/endian/conversion.hpp>
#include <cstring>
#include <string>

namespace kck {

// Writes sizeof(Number) bytes.
template <typename Number>
void StoreNumber(char* to, Number number) {
  const Number bytes = boost::endian::native_to_little(number);
  std::memcpy(to, &bytes, sizeof(Number));
}

template <typename Number, boost::endian::order kOrder = boost::endian::order::little>
void AppendNumber(std::string& out, Number number) {
  std::array<unsigned char, sizeof(Number)> bytes;
  boost::endian::endian_store<Number, sizeof(Number), kOrder>(bytes.data(), number);
  out.append(bytes.begin(), bytes.end());
}

// Big-endian: as bytes they compare as the numbers do.
template <typename Number>
void AppendSortable(std::string& out, Number number) {
  AppendNumber<Number, boost::endian::order::big>(out, number);
}

// From bytes that StoreNumber or AppendNumber wrote; so many are there.
template <typename Number>
Number LoadNumber(const char* from) {
  std::array<unsigned char, sizeof(Number)> bytes;
  std::copy_n(from, sizeof(Number), bytes.begin());
  return boost::endian::endian_load<Number, sizeof(Number), boost::endian::order::little>(bytes.data());
}

}  // namespace kck
