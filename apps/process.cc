// `kck process`: the processes of a running server, and running one by hand.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>

#include "apps/client_call.h"
#include "apps/json_view.h"
#include "apps/print.h"

namespace kck {
namespace {

constexpr std::size_t kColumns = 5;
using Row = std::array<std::string, kColumns>;

// A time of the server's as a person reads it: "2026-11-24 21:08:32".
std::string TimeText(const JsonView& time) {
  std::string text = time.Text().substr(0, std::string_view("2026-11-24T21:08:32").size());
  std::ranges::replace(text, 'T', ' ');
  return text;
}

std::string LastRun(const JsonView& process) {
  if (process["running_since"]) return "runs since " + TimeText(process["running_since"]);
  const std::vector<JsonView> runs = process["runs"].Items();
  if (runs.empty()) return "never ran";
  const JsonView& last = runs.front();
  return fmt::format("{} {}: {} ({} ms)", TimeText(last["began"]), last["result"].Text(), last["detail"].Text(),
                     last["took_ms"].Number());
}

Row RowOf(const JsonView& process) {
  const std::string kind = process["kind"].Text();
  return {process["name"].Text(), kind + " " + process[kind == "sql" ? "database" : "product"].Text(),
          process["schedule"].Text(), process["next"] ? TimeText(process["next"]) : "-", LastRun(process)};
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

}  // namespace

int ListProcesses(const ClientOptions& options) {
  return RunClientCall(options, {"GET", "/processes", "", "", ""}, [](const HttpAnswer& answer, const AnswerBody&) {
    const JsonAnswer read(answer.body);
    std::vector<Row> rows;
    for (const JsonView& process : read.root()["processes"].Items()) rows.push_back(RowOf(process));
    PrintRows(std::move(rows));
  });
}

int RunProcess(const ClientOptions& options, bool wait) {
  const HttpCall call{"POST", "/processes/" + EncodeKey(options.key) + (wait ? "/run?wait=1" : "/run"), "", "", ""};
  return RunClientCall(options, call, [&](const HttpAnswer& answer, const AnswerBody&) {
    if (!wait) return PrintLine(fmt::format("began {}", options.key));
    const JsonAnswer read(answer.body);
    PrintLine(fmt::format("ran {}: {}", options.key, read.root()["run"]["detail"].Text()));
  });
}

}  // namespace kck
