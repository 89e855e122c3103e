// An entry as clients see it: its ETag, what the headers say of its freshness, its body, its item in a list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "http/time_text.h"

namespace kck {

// "1.734.0", without quotes.
void AppendVersion(std::string& out, const Version& version);

// ETag, KCK-State, KCK-Age, KCK-As-Of, Cache-Control: all that a 304 has as well.
void AppendEntryHeaders(std::string& out, const Served& served, TimeText& times, std::string_view cache_control);

// What stands before and behind the value in a body: {"success":true,"key":…,"version":"…","value":…,"modified":…}.
// Under `compat: "0.6"` the version is an integer.
void AppendBeforeValue(std::string& out, const Entry& entry, bool compat_06);
void AppendBehindValue(std::string& out, const EntryContent& content);

// The body with "state", "age_seconds", "as_of" and, where there is a stamp, "snapshot".
void AppendItem(std::string& out, const Served& served, TimeText& times, bool compat_06);

// True where an If-None-Match of this value asks for 304: it lists the version, strong or weak, or is a star.
bool ListsVersion(std::string_view if_none_match, const Version& version);

// The version that an If-Match demands: one, in quotes or bare.
Result<Version> DemandedVersion(std::string_view if_match);

}  // namespace kck
