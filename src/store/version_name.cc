#include "store/version_name.h"

#include <array>
#include <boost/endian/conversion.hpp>

namespace kck {
namespace {

template <typename Number>
void Append(std::string& out, Number number) {
  std::array<unsigned char, sizeof(Number)> bytes;
  boost::endian::endian_store<Number, sizeof(Number), boost::endian::order::big>(bytes.data(), number);
  out.append(bytes.begin(), bytes.end());
}

}  // namespace

std::string VersionName(const Version& version, std::uint64_t fill_sequence) {
  std::string name;
  name.reserve(kVersionNameBytes);
  Append(name, version.epoch);
  Append(name, version.number);
  Append(name, version.sub);
  Append(name, fill_sequence);
  return name;
}

std::string MarkNamePrefix(std::string_view database) {
  std::string name;
  Append(name, ValueHash(database));
  return name;
}

std::string MarkName(const MarkedTransaction& transaction) {
  std::string name = MarkNamePrefix(transaction.database);
  Append(name, transaction.epoch);
  Append(name, transaction.id);
  return name;
}

}  // namespace kck
