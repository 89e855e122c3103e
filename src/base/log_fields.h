// What a line of the log says beside its words, by name, for programs that read it: `product=item cost_ms=512.3` in
// text, members of the object in JSON.
//
// Names are literals. No value is a parameter of a key, SQL or a secret.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kck {

class LogFields {
 public:
  // Left out where it is empty.
  LogFields& Text(const char* name, std::string_view value);
  LogFields& Number(const char* name, std::uint64_t value);
  // To the microsecond.
  LogFields& Milliseconds(const char* name, std::chrono::duration<double, std::milli> value);

  struct Field {
    const char* name;
    std::string value;
    bool is_text;
  };
  const std::vector<Field>& list() const { return list_; }

 private:
  std::vector<Field> list_;
};

// The line without its end: {"time":"2026-11-24T21:08:32.123Z","level":"info","message":"…","product":"item"}.
std::string JsonLogLine(std::chrono::system_clock::time_point time, std::string_view level, std::string_view message,
                        const LogFields& fields);

// The words with the fields behind them; one line, whatever they hold.
std::string TextLogLine(std::string_view message, const LogFields& fields);

}  // namespace kck
