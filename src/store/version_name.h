// The name of an entry among those of its key and definition: names compare as bytes exactly as the entries compare by
// Supersedes. Where rows are sorted by it, the first one is the newest, whatever order they were written in.
#pragma once

#include <cstddef>
#include <string>

#include "model/entry.h"
#include "store/shared_marks.h"

namespace kck {

// Big-endian, so that bytes compare as the numbers do: epoch (4), number (8), sub (4), fill_sequence (8).
inline constexpr std::size_t kVersionNameBytes = 24;

std::string VersionName(const Version& version, std::uint64_t fill_sequence);

inline std::string VersionName(const Entry& entry) { return VersionName(entry.version(), entry.fill_sequence()); }

// The same of a marked transaction's row, and what all names of its database begin with.
std::string MarkName(const MarkedTransaction& transaction);
std::string MarkNamePrefix(std::string_view database);

}  // namespace kck
