// Snapshot stamps: which transactions a value has seen.
//
// A fill from PostgreSQL records pg_current_snapshot() in the statement that read the data. Whether a value misses a
// change, and which of two values is newer, follow from stamps alone, never from clocks or log positions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kck {

struct Stamp {
  std::uint64_t xmin = 0;                  // every transaction below is finished
  std::uint64_t xmax = 0;                  // no transaction from here on had begun to be seen
  std::vector<std::uint64_t> in_progress;  // of those between, ascending

  // True where a change by `transaction`, if it committed, is part of what the stamped value was read from.
  bool Sees(std::uint64_t transaction) const;

  // Orders stamps of one database: `xmax − |in_progress|`. It never falls while the visible set grows, and never stays
  // equal when the visible set changes.
  std::uint64_t VersionNumber() const { return xmax - in_progress.size(); }

  std::string Text() const;  // "734:740:735,738", as pg_current_snapshot() prints it
};

// Shared, since many entries come from one snapshot.
using StampPtr = std::shared_ptr<const Stamp>;

std::optional<Stamp> ParseStamp(std::string_view text);

// The one shared Stamp of this text, or null where the text is no stamp. Any thread.
StampPtr InternStamp(std::string_view text);

}  // namespace kck
