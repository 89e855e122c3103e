#include "apps/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <tuple>

#include "apps/commands.h"
#include "base/json.h"

namespace kck {
namespace {

void SortByPlace(Faults& faults) {
  std::sort(faults.begin(), faults.end(), [](const Fault& a, const Fault& b) {
    return std::tie(a.location.file, a.location.line, a.location.column, a.message) <
           std::tie(b.location.file, b.location.line, b.location.column, b.message);
  });
}

void AppendMember(std::string& out, std::string_view name, std::string_view text) {
  AppendJsonString(out, name);
  out += ": ";
  AppendJsonString(out, text);
}

}  // namespace

void PrintLine(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

int Failed(std::string_view message) {
  fmt::print(stderr, "kck: {}\n", message);
  return kExitFailed;
}

std::string CountText(std::size_t count, std::string_view noun) {
  if (count == 1) return fmt::format("1 {}", noun);
  return fmt::format("{} {}{}", count, noun, noun.ends_with('s') ? "es" : "s");
}

std::string DefinitionCounts(const Folder& folder) {
  return fmt::format("{}, {} and {}", CountText(folder.products.size(), "product"),
                     CountText(folder.updaters.size(), "updater"), CountText(folder.processes.size(), "process"));
}

std::string FaultLines(Faults faults) {
  SortByPlace(faults);
  std::string lines;
  for (const Fault& fault : faults) lines += FaultText(fault) + "\n";
  return lines;
}

std::string FaultSummary(const Faults& faults) {
  std::size_t warnings = 0;
  for (const Fault& fault : faults) warnings += fault.warning ? 1 : 0;
  return CountText(faults.size() - warnings, "error") + ", " + CountText(warnings, "warning");
}

std::string FaultsJson(Faults faults) {
  SortByPlace(faults);
  std::string json = "[";
  for (const Fault& fault : faults) {
    json += json.size() > 1 ? ",\n {" : "{";
    AppendMember(json, "file", fault.location.file);
    json += fmt::format(R"(, "line": {}, "column": {}, )", fault.location.line, fault.location.column);
    AppendMember(json, "severity", fault.warning ? "warning" : "error");
    json += ", ";
    AppendMember(json, "message", fault.message);
    json += ", ";
    AppendMember(json, "cure", fault.cure);
    json += "}";
  }
  return json + "]";
}

std::string OneItemALine(std::string_view json) {
  std::string out;
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < json.size()) {
        out += json[++i];
      } else {
        in_string = c != '"';
      }
      continue;
    }
    in_string = c == '"';
    const bool opens = c == '[' || c == '{';
    const bool closes = c == ']' || c == '}';
    const bool blank = opens && i + 1 < json.size() && (json[i + 1] == ']' || json[i + 1] == '}');
    if (closes && --depth == 0 && json[i - 1] != '[' && json[i - 1] != '{') out += '\n';
    out += c;
    if (opens && ++depth == 1 && !blank) out += "\n  ";
    if (c == ',' && depth == 1) out += "\n  ";
  }
  return out;
}

}  // namespace kck
