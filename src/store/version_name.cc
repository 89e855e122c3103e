#include "store/version_name.h"

#include "store/number_bytes.h"

namespace kck {
std::string VersionName(const Version& version, std::uint64_t fill_sequence) {
  std::string name;
  name.reserve(kVersionNameBytes);
  AppendSortable(name, version.epoch);
  AppendSortable(name, version.number);
  AppendSortable(name, version.sub);
  AppendSortable(name, fill_sequence);
  return name;
}

std::string MarkNamePrefix(std::string_view database) {
  std::string name;
  AppendSortable(name, ValueHash(database));
  return name;
}

std::string MarkName(const MarkedTransaction& transaction) {
  std::string name = MarkNamePrefix(transaction.database);
  AppendSortable(name, transaction.epoch);
  AppendSortable(name, transaction.id);
  return name;
}

}  // namespace kck
