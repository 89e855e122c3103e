// Times as text in headers, cheaply: what was rendered for a second is rendered once.
//
// For one thread; each network thread has its own.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/scheduler.h"

namespace kck {

class TimeText {
 public:
  TimeText();

  // Reads the clocks. Once a turn of the thread's loop.
  void Refresh();

  TimePoint now() const { return now_; }

  std::int64_t unix_seconds() const { return date_seconds_; }

  // Now, as the Date header has it: "Tue, 24 Nov 2026 21:08:32 GMT".
  std::string_view date() const { return {date_.data(), date_.size()}; }

  // "2026-11-24T21:08:32.123Z"
  void AppendIso(std::string& out, std::int64_t unix_ms);

 private:
  static constexpr std::size_t kSlots = 64;  // entries that were read in the last minutes find theirs
  static constexpr std::size_t kIsoBytes = 19;

  struct Slot {
    std::int64_t unix_seconds = INT64_MIN;
    std::array<char, kIsoBytes> text{};
  };

  const Slot& SlotOf(std::int64_t unix_seconds);

  TimePoint now_;
  std::int64_t date_seconds_ = INT64_MIN;
  std::array<char, 29> date_{};
  std::array<Slot, kSlots> slots_;
};

}  // namespace kck
