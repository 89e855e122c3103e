// How often each of very many keys was used, in about four bits a key: what is remembered of items that left memory.
//
// A count-min sketch of 4-bit counters with conservative update. The four counters of a key lie in one cache line. Keys
// that share all four are taken for one, so a count is never too low, and may be too high.
// Source: Einziger, Friedman, Manes, "TinyLFU", ACM Transactions on Storage 13(4), 2017, sections 3.2 to 3.4; one line
// a key as in Caffeine's FrequencySketch.
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kck {

class FrequencySketch {
 public:
  static constexpr std::uint8_t kCountMax = 15;

  // Makes room for what `items` items leave behind: 8 to 16 counters, 4 to 8 bytes an item. Counts stay; it never
  // shrinks.
  void Fit(std::size_t items);

  std::uint8_t Count(std::uint32_t hash) const;

  // The key was used `count` times, at most kCountMax; a higher count that is there already stays.
  void Raise(std::uint32_t hash, std::uint8_t count);

  void Halve();

 private:
  static constexpr unsigned kRows = 4;
  static constexpr std::size_t kRowBytes = 16;
  using Line = std::array<std::array<std::uint8_t, kRowBytes>, kRows>;  // two counters a byte
  static constexpr std::size_t kCountersPerLine = 2 * sizeof(Line);
  static constexpr std::size_t kCountersPerItem = 8;

  // Where row `row` of a line keeps the counter of `hash`: 0 to 31.
  static unsigned Place(std::uint32_t hash, unsigned row);
  const Line& LineOf(std::uint32_t hash) const { return lines_[hash & (lines_.size() - 1)]; }

  std::vector<Line> lines_ = std::vector<Line>(1);  // a power of two
};

}  // namespace kck
