// Writes one JSON object, member by member, at the end of a text.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/scheduler.h"

namespace kck {

class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  // Nothing is written after it.
  void End() { out_ += '}'; }

  // The caller writes the value.
  std::string& Member(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    AppendJsonString(out_, name);
    out_ += ':';
    return out_;
  }

  void Text(std::string_view name, std::string_view text) { AppendJsonString(Member(name), text); }
  void Bool(std::string_view name, bool value) { Member(name) += value ? "true" : "false"; }
  void Null(std::string_view name) { Member(name) += "null"; }
  void Number(std::string_view name, std::uint64_t number) {
    fmt::format_to(std::back_inserter(Member(name)), "{}", number);
  }
  void Real(std::string_view name, double number) { AppendJsonDouble(Member(name), number); }

  // To the millisecond.
  void Seconds(std::string_view name, Duration duration) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
    Real(name, static_cast<double>(ms) / 1000);
  }

  // null where there is none.
  void Seconds(std::string_view name, const std::optional<Duration>& duration) {
    duration ? Seconds(name, *duration) : Null(name);
  }

  void Micros(std::string_view name, double us) { Real(name, us / 1000); }

 private:
  std::string& out_;
};

// A JSON list of what `append` writes for each item.
template <typename Items, typename Append>
void AppendJsonList(std::string& out, const Items& items, const Append& append) {
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    append(item);
  }
  out += ']';
}

}  // namespace kck
