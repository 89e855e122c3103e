// An entry as clients see it: its ETag, what the headers say of its freshness, its body, its item in a list.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "http/accept_encoding.h"
#include "http/time_text.h"

namespace kck {

// "1.734.0", without quotes.
void AppendVersion(std::string& out, const Version& version);

// ETag, KCK-State, KCK-Age, KCK-As-Of: all that a 304 has as well, beside what cache_headers.h writes. The body in each
// coding has an ETag of its own, as RFC 9110, 8.8.3.3 asks: "1.734.0-br".
void AppendEntryHeaders(std::string& out, const Served& served, TimeText& times,
                        ContentCoding coding = ContentCoding::kIdentity);

// What stands before and behind the value in a body: {"success":true,"key":…,"version":"…","value":…,"modified":…}.
// Under `compat: "0.6"` the version is an integer.
void AppendBeforeValue(std::string& out, const Entry& entry, bool compat_06);
void AppendBehindValue(std::string& out, const EntryContent& content);

// The body with "state", "age_seconds", "as_of" and, where there is a stamp, "snapshot".
void AppendItem(std::string& out, const Served& served, TimeText& times, bool compat_06);

// Where an If-None-Match of this value asks for 304: it lists the version, strong or weak, or is a star. The coding is
// that of the ETag which it lists: the first in one that `takes` allows; identity is always allowed.
std::optional<ContentCoding> ListedCoding(std::string_view if_none_match, const Version& version,
                                          const std::function<bool(ContentCoding)>& takes);

// The version that an If-Match demands: one, in quotes or bare. The ETag of any coding is that of its version.
Result<Version> DemandedVersion(std::string_view if_match);

}  // namespace kck
