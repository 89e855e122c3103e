#include "process/process_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace kck {
namespace {

// Of an error's message, which is for people.
constexpr std::size_t kDetailBytesMax = 500;

// What follows on the line, without the blank before it.
std::string Rest(std::istringstream& line) {
  std::string rest;
  std::getline(line >> std::ws, rest);
  return rest;
}

std::string RunText(std::string_view word, const ProcessRun& run) {
  std::string detail = run.detail.substr(0, kDetailBytesMax);
  std::ranges::replace(detail, '\n', ' ');
  return fmt::format("{} {} {} {} {} {}\n", word, run.tick_unix_ms, run.began_unix_ms, run.took_ms,
                     run.result.empty() ? "-" : run.result, detail);
}

std::optional<ProcessRun> ParseRun(std::istringstream& line) {
  ProcessRun run;
  if (!(line >> run.tick_unix_ms >> run.began_unix_ms >> run.took_ms >> run.result)) return std::nullopt;
  if (run.result == "-") run.result.clear();
  run.detail = Rest(line);
  return run;
}

// False where the line is none of a record.
bool ParseLine(const std::string& text, ProcessRecord& record) {
  std::istringstream line(text);
  std::string word;
  line >> word;
  if (word == "schedule") {
    record.schedule = Rest(line);
    return true;
  }
  if (word == "times") return !!(line >> record.counts_from >> record.last_success_unix_ms);
  const std::optional<ProcessRun> run = ParseRun(line);
  if (word == "run" && run) record.runs.push_back(*run);
  if (word == "begun") record.begun = run;
  if (word == "failure") record.last_failure = run;
  return run.has_value();
}

}  // namespace

void ProcessRecord::Add(const ProcessRun& run) {
  runs.push_front(run);
  if (runs.size() > kRunsMax) runs.pop_back();
}

std::string ProcessRecord::Text() const {
  std::string text = fmt::format("times {} {}\nschedule {}\n", counts_from, last_success_unix_ms, schedule);
  if (begun) text += RunText("begun", *begun);
  if (last_failure) text += RunText("failure", *last_failure);
  for (const ProcessRun& run : runs) text += RunText("run", run);
  return text;
}

std::optional<ProcessRecord> ProcessRecord::Parse(std::string_view text) {
  ProcessRecord record;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (!ParseLine(line, record)) return std::nullopt;
  }
  return record.counts_from == 0 ? std::nullopt : std::optional(std::move(record));
}

}  // namespace kck
