#include "testing/entries.h"

namespace kck {

EntryPtr MakeEntry(std::string_view key, std::string_view value, const Version& version, const EditEntry& edit) {
  auto entry = std::make_shared<Entry>();
  entry->version = version;
  entry->fill_sequence = version.number;
  entry->content = MakeContent(key, value, version, 1'700'000'000'000);
  if (edit) edit(*entry);
  return entry;
}

EntryPtr MakeTombstone(const Version& version, const EditEntry& edit) {
  auto entry = std::make_shared<Entry>();
  entry->kind = EntryKind::kTombstone;
  entry->version = version;
  entry->fill_sequence = version.number;
  if (edit) edit(*entry);
  return entry;
}

std::string_view ValueOf(const EntryPtr& entry) {
  if (!entry) return "none";
  return entry->content ? entry->content->value() : "tombstone";
}

}  // namespace kck
