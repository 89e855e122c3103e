// How entries and records are named in a sorted store on disk:
//   e<key>\0<fingerprint, 8 bytes, big endian>   an entry
//   r<name>                                      a record
// The definitions of one key stand side by side, and no key's entries mix with those of a key that begins alike.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kck {

inline constexpr char kEntryTag = 'e';
inline constexpr char kRecordTag = 'r';

// What the names of all entries of `key` begin with.
std::string EntryPrefix(std::string_view key);

std::string EntryName(std::string_view key, std::uint64_t fingerprint);

std::string RecordName(std::string_view name);

// The part of an entry's name that EntryPrefix gives; empty for any other name.
std::string_view PrefixOfName(std::string_view name);

// Of the name of an entry.
std::uint64_t FingerprintOfName(std::string_view name);

}  // namespace kck
