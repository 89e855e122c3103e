#include "base/log_fields.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/json_object.h"

namespace kck {
namespace {

std::string TimeText(std::chrono::system_clock::time_point time) {
  using std::chrono::floor;
  const auto second = floor<std::chrono::seconds>(time);
  const auto milliseconds = floor<std::chrono::milliseconds>(time - second).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(second), milliseconds);
}

bool IsPlain(std::string_view value) {
  return !value.empty() && std::ranges::all_of(value, [](unsigned char c) {
    return c > 0x20 && c != 0x7F && c != '"' && c != '=' && c != '\\';
  });
}

}  // namespace

LogFields& LogFields::Text(const char* name, std::string_view value) {
  if (!value.empty()) list_.push_back({name, std::string(value), true});
  return *this;
}

LogFields& LogFields::Number(const char* name, std::uint64_t value) {
  list_.push_back({name, fmt::format_int(value).str(), false});
  return *this;
}

LogFields& LogFields::Milliseconds(const char* name, std::chrono::duration<double, std::milli> value) {
  list_.push_back({name, fmt::format("{:.3f}", value.count()), false});
  return *this;
}

std::string JsonLogLine(std::chrono::system_clock::time_point time, std::string_view level, std::string_view message,
                        const LogFields& fields) {
  std::string line;
  JsonObject object(line);
  object.Text("time", TimeText(time));
  object.Text("level", level);
  object.Text("message", message);
  for (const LogFields::Field& field : fields.list()) {
    if (field.is_text) {
      object.Text(field.name, field.value);
    } else {
      object.Member(field.name) += field.value;
    }
  }
  object.End();
  return line;
}

std::string TextLogLine(std::string_view message, const LogFields& fields) {
  std::string line(message);
  std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  for (const LogFields::Field& field : fields.list()) {
    fmt::format_to(std::back_inserter(line), " {}=", field.name);
    if (IsPlain(field.value)) {
      line += field.value;
    } else {
      AppendJsonString(line, field.value);
    }
  }
  return line;
}

}  // namespace kck
