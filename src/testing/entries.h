// Entries for tests.
#pragma once

#include <functional>
#include <string_view>

#include "model/entry.h"

namespace kck {

using EditFacts = std::function<void(EntryFacts&)>;

// A value of `key`, JSON text, whose content is of this same version; `edit` changes what else should be different.
EntryPtr MakeEntry(std::string_view key, std::string_view value, const Version& version, const EditFacts& edit = {});

EntryPtr MakeTombstone(std::string_view key, const Version& version, const EditFacts& edit = {});

// The value that an entry holds; "none" for null, "tombstone" for one.
std::string_view ValueOf(const EntryPtr& entry);

}  // namespace kck
