// Entries for tests.
#pragma once

#include <functional>
#include <string_view>

#include "model/entry.h"

namespace kck {

using EditEntry = std::function<void(Entry&)>;

// A value of `key`, JSON text, whose content is of this same version; `edit` changes what else should be different.
EntryPtr MakeEntry(std::string_view key, std::string_view value, const Version& version, const EditEntry& edit = {});

EntryPtr MakeTombstone(const Version& version, const EditEntry& edit = {});

// The value that an entry holds; "none" for null, "tombstone" for one.
std::string_view ValueOf(const EntryPtr& entry);

}  // namespace kck
