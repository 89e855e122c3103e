#include "store/store_keys.h"

namespace kck {
namespace {

std::string Tagged(char tag, std::string_view name) {
  std::string tagged;
  tagged.reserve(1 + name.size());
  tagged += tag;
  tagged += name;
  return tagged;
}

}  // namespace

std::string EntryName(std::string_view key) { return Tagged(kEntryTag, key); }

std::string RecordName(std::string_view name) { return Tagged(kRecordTag, name); }

}  // namespace kck
