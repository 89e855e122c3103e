#include "testing/entries.h"

namespace kck {

namespace {

EntryFacts FactsOf(const Version& version) {
  EntryFacts facts;
  facts.version = version;
  facts.fill_sequence = version.number;
  facts.as_of_unix_ms = 1'700'000'000'000;
  return facts;
}

}  // namespace

EntryPtr MakeEntry(std::string_view key, std::string_view value, const Version& version, const EditFacts& edit) {
  EntryFacts facts = FactsOf(version);
  EntryPtr entry = Entry::Make(key, facts, value);
  if (!edit) return entry;
  edit(facts);
  return Entry::MakeRenewal(entry, facts);
}

EntryPtr MakeTombstone(std::string_view key, const Version& version, const EditFacts& edit) {
  EntryFacts facts = FactsOf(version);
  if (edit) edit(facts);
  return Entry::MakeTombstone(key, facts);
}

std::string_view ValueOf(const EntryPtr& entry) {
  if (!entry) return "none";
  return entry->has_content() ? entry->value() : "tombstone";
}

}  // namespace kck
