// The order of the entries of one key.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kck {

// Two entries of one key compare by epoch, then number, then sub. The higher wins, in every tier, after any delay.
//
// epoch: of the database's history; raised when the database is another one or went back (failover, restore). 0 where
//        the source has no snapshots.
// number: Stamp::VersionNumber(), or, where the source has none, the sequence given when the compute began.
// sub: raised by content that changes while the number stays (a set, a purge, a volatile query).
struct Version {
  std::uint32_t epoch = 0;
  std::uint64_t number = 0;
  std::uint32_t sub = 0;

  auto operator<=>(const Version&) const = default;
};

std::string VersionText(const Version& version);  // "1.734.0"
std::optional<Version> ParseVersion(std::string_view text);

}  // namespace kck
