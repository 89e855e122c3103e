#include "store/cassandra_marks.h"

#include <algorithm>

namespace kck {
namespace {

// A mark stays as long as what it is held against, and a day more for what is on its way; where nothing is there, far
// longer than any fill that began before it.
constexpr std::int32_t kBesideNothingS = 30 * 86400;
constexpr std::int32_t kOnItsWayS = 86400;
constexpr std::int32_t kForEverS = 10 * 365 * 86400;

std::int32_t SecondsOf(const std::vector<EntryRow>& rows, const Moment& moment) {
  std::int32_t seconds = kBesideNothingS;
  for (const EntryRow& row : rows) {
    const std::int32_t life = SecondsToLive(*row.entry, moment);
    if (life == 0 || life > kForEverS) return 0;
    seconds = std::max(seconds, life + kOnItsWayS);
  }
  return seconds;
}

std::uint64_t HighestOf(const KeyRows& found) {
  std::uint64_t highest = found.marks.number;
  for (const EntryRow& row : found.rows) highest = std::max(highest, row.cell.known.key);
  return highest;
}

}  // namespace

void PutMark(const PutTools& tools, const std::string& key, const std::optional<MarkedTransaction>& transaction,
             SharedStore::NumberCallback done) {
  tools.tables.ReadEntries(key, [tools, key, transaction, done = std::move(done)](Outcome<KeyRows> found) {
    if (!found) return done(Failure(std::move(found.error().error)));
    const std::int32_t ttl = SecondsOf(found->rows, MomentOf(tools.scheduler));
    const auto now_us = tools.clock.Next();
    const std::uint64_t number = transaction ? 0 : std::max(HighestOf(*found) + 1, static_cast<std::uint64_t>(now_us));
    const auto on_written = [number, done](const Outcome<void>& written) {
      if (!written) return done(Failure(written.error().error));
      done(number);
    };
    if (transaction) return tools.tables.WriteMark(key, *transaction, now_us, ttl, on_written);
    tools.tables.WriteMark(key, number, ttl, on_written);
  });
}

}  // namespace kck
