#include "hot/frequency_sketch.h"

#include <algorithm>

namespace kck {
namespace {

std::uint8_t CounterAt(const std::array<std::uint8_t, 16>& row, unsigned place) {
  return static_cast<std::uint8_t>(row[place / 2] >> (place % 2 * 4U)) & 0xFU;
}

}  // namespace

// A line becomes two with the same counts: each key finds what it had, whichever of the two is now its own.
void FrequencySketch::Fit(std::size_t items) {
  while (lines_.size() * kCountersPerLine < items * kCountersPerItem) {
    const std::size_t half = lines_.size();
    lines_.resize(2 * half);
    std::copy_n(lines_.begin(), half, lines_.begin() + static_cast<std::ptrdiff_t>(half));
  }
}

// The line is chosen by the hash's low bits; the places in it by bits that all of the hash has gone into.
unsigned FrequencySketch::Place(std::uint32_t hash, unsigned row) {
  const std::uint64_t mixed = hash * std::uint64_t{0x9E3779B97F4A7C15};
  return static_cast<unsigned>(mixed >> (44U + 5U * row)) % (2 * kRowBytes);
}

std::uint8_t FrequencySketch::Count(std::uint32_t hash) const {
  std::uint8_t least = kCountMax;
  const Line& line = LineOf(hash);
  for (unsigned row = 0; row < kRows; ++row) least = std::min(least, CounterAt(line[row], Place(hash, row)));
  return least;
}

void FrequencySketch::Raise(std::uint32_t hash, std::uint8_t count) {
  Line& line = lines_[hash & (lines_.size() - 1)];
  for (unsigned row = 0; row < kRows; ++row) {
    const unsigned place = Place(hash, row);
    const std::uint8_t now = CounterAt(line[row], place);
    if (now < count) line[row][place / 2] += static_cast<std::uint8_t>((count - now) << (place % 2 * 4U));
  }
}

void FrequencySketch::Halve() {
  for (Line& line : lines_) {
    for (auto& row : line) {
      for (std::uint8_t& pair : row) pair = static_cast<std::uint8_t>(pair >> 1U) & 0x77U;
    }
  }
}

}  // namespace kck
