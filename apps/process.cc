// `kck process`: the processes of a running server, and running one by hand.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <array>

#include "apps/client_call.h"
#include "apps/print.h"

namespace kck {
namespace {

using simdjson::dom::element;

constexpr std::size_t kColumns = 5;
using Row = std::array<std::string, kColumns>;

std::string TextOf(const element& object, const char* name) {
  std::string_view text;
  return object[name].get_string().get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

// A time of the server's as a person reads it: "2026-11-24 21:08:32".
std::string TimeOf(const element& object, const char* name) {
  std::string time = TextOf(object, name).substr(0, std::string_view("2026-11-24T21:08:32").size());
  std::ranges::replace(time, 'T', ' ');
  return time;
}

std::string LastRun(const element& process) {
  if (const std::string since = TimeOf(process, "running_since"); !since.empty()) return "runs since " + since;
  simdjson::dom::array runs;
  if (process["runs"].get_array().get(runs) != simdjson::SUCCESS || runs.size() == 0) return "never ran";
  const element run = runs.at(0).value();
  std::uint64_t took_ms = 0;
  static_cast<void>(run["took_ms"].get_uint64().get(took_ms));
  return fmt::format("{} {}: {} ({} ms)", TimeOf(run, "began"), TextOf(run, "result"), TextOf(run, "detail"), took_ms);
}

Row RowOf(const element& process) {
  const std::string kind = TextOf(process, "kind");
  const std::string next = TimeOf(process, "next");
  return {TextOf(process, "name"), kind + " " + TextOf(process, kind == "sql" ? "database" : "product"),
          TextOf(process, "schedule"), next.empty() ? "-" : next, LastRun(process)};
}

// A table for a person; in a pipe plain lines of fields, parted by tabs.
void PrintRows(std::vector<Row> rows) {
  if (isatty(STDOUT_FILENO) == 0) {
    for (const Row& row : rows) PrintLine(fmt::format("{}", fmt::join(row, "\t")));
    return;
  }
  rows.insert(rows.begin(), Row{"NAME", "WORK", "TIMES", "NEXT (UTC)", "LAST RUN (UTC)"});
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < kColumns; ++i) widths.at(i) = std::max(widths.at(i), row.at(i).size());
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i + 1 < kColumns; ++i) line += fmt::format("{:<{}}  ", row.at(i), widths.at(i));
    PrintLine(line + row.back());
  }
}

void PrintProcesses(const HttpAnswer& answer) {
  simdjson::dom::parser parser;
  simdjson::dom::array processes;
  std::vector<Row> rows;
  if (parser.parse(answer.body)["processes"].get_array().get(processes) == simdjson::SUCCESS) {
    for (const element process : processes) rows.push_back(RowOf(process));
  }
  PrintRows(std::move(rows));
}

}  // namespace

int ListProcesses(const ClientOptions& options) {
  return CallAndPrint(options, {"GET", "/processes", "", "", ""}, PrintProcesses);
}

int RunProcess(const ClientOptions& options, bool wait) {
  const HttpCall call{"POST", "/processes/" + EncodeKey(options.key) + (wait ? "/run?wait=1" : "/run"), "", "", ""};
  return CallAndPrint(options, call, [&](const HttpAnswer& answer) {
    if (!wait) return PrintLine(fmt::format("began {}", options.key));
    simdjson::dom::parser parser;
    element run;
    if (parser.parse(answer.body)["run"].get(run) != simdjson::SUCCESS) return;
    PrintLine(fmt::format("ran {}: {}", options.key, TextOf(run, "detail")));
  });
}

}  // namespace kck
