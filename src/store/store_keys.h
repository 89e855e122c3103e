// How entries and records are named in a sorted store on disk:
//   e<key>    the entry of a key
//   r<name>   a record
// The definition that made an entry is a field of the entry: a put forgets those by others, so that a key has one.
#pragma once

#include <string>
#include <string_view>

namespace kck {

inline constexpr char kEntryTag = 'e';
inline constexpr char kRecordTag = 'r';

std::string EntryName(std::string_view key);

std::string RecordName(std::string_view name);

}  // namespace kck
