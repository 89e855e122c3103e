// Snapshot stamps: which transactions a value has seen.
//
// A fill from PostgreSQL records pg_current_snapshot() in the statement that read the data. Whether a value misses a
// change, and which of two values is newer, follow from stamps alone, never from clocks or log positions.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
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

  bool operator==(const Stamp&) const = default;

  std::string Text() const;  // "734:740:735,738", as pg_current_snapshot() prints it
};

// A stamp that all entries of one snapshot share. Gone with the last of them.
struct SharedStamp : Stamp {
  explicit SharedStamp(Stamp stamp) : Stamp(std::move(stamp)) {}
  mutable std::atomic<std::uint32_t> references{0};
};

void intrusive_ptr_add_ref(const SharedStamp* stamp);
void intrusive_ptr_release(const SharedStamp* stamp);

using StampPtr = boost::intrusive_ptr<const SharedStamp>;

std::optional<Stamp> ParseStamp(std::string_view text);

// The one SharedStamp of this text, or null where the text is no stamp. Any thread.
StampPtr InternStamp(std::string_view text);

}  // namespace kck
