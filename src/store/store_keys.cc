#include "store/store_keys.h"

#include <array>
#include <boost/endian/conversion.hpp>

namespace kck {

std::string EntryPrefix(std::string_view key) {
  std::string name;
  name.reserve(key.size() + 2 + sizeof(std::uint64_t));
  name += kEntryTag;
  name += key;
  name += '\0';
  return name;
}

std::string EntryName(std::string_view key, std::uint64_t fingerprint) {
  std::array<unsigned char, sizeof(fingerprint)> bytes;
  boost::endian::store_big_u64(bytes.data(), fingerprint);
  std::string name = EntryPrefix(key);
  name.append(bytes.begin(), bytes.end());
  return name;
}

std::string RecordName(std::string_view name) {
  std::string made(1, kRecordTag);
  made += name;
  return made;
}

std::string_view PrefixOfName(std::string_view name) {
  if (name.empty() || name.front() != kEntryTag) return {};
  const std::size_t zero = name.find('\0');
  return zero == std::string_view::npos ? std::string_view() : name.substr(0, zero + 1);
}

std::uint64_t FingerprintOfName(std::string_view name) {
  std::array<unsigned char, sizeof(std::uint64_t)> bytes{};
  const std::string_view tail = name.substr(PrefixOfName(name).size());
  std::copy_n(tail.begin(), std::min(tail.size(), bytes.size()), bytes.begin());
  return boost::endian::load_big_u64(bytes.data());
}

}  // namespace kck
